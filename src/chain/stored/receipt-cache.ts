// Receipts of blocks that were read lately: bounded by what they hold, since one block may have a hundred thousand logs.
import { type Hex } from '../../base/bytes.ts'
import { LruMap } from '../../base/lru.ts'
import { type Receipt } from '../blocks/receipt.ts'

/** Blocks whose receipts are kept. */
const BLOCKS_MAX = 64
/** Bytes that all of them may take, as far as that can be told; the newest block's are kept in any case. */
const RECEIPTS_CACHED_MAX_BYTES = 32 * 2 ** 20
/** A receipt with its bloom, and a log with its arrays, besides the log's data. */
const RECEIPT_BYTES = 512
const LOG_BYTES = 512

/** Least recently used go first. */
export class ReceiptCache {
  readonly #maxBytes: number
  readonly #blocks = new LruMap<
    Hex,
    { readonly receipts: readonly Receipt[]; readonly bytes: number }
  >(BLOCKS_MAX + 1)
  #bytes = 0

  constructor({ maxBytes = RECEIPTS_CACHED_MAX_BYTES } = {}) {
    this.#maxBytes = maxBytes
  }

  get(blockHash: Hex): readonly Receipt[] | undefined {
    return this.#blocks.get(blockHash)?.receipts
  }

  set(blockHash: Hex, receipts: readonly Receipt[]): void {
    this.#drop(blockHash)
    const bytes = estimateBytes(receipts)
    this.#blocks.set(blockHash, { receipts, bytes })
    this.#bytes += bytes
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= BLOCKS_MAX && this.#bytes <= this.#maxBytes) return
      if (oldest !== blockHash) this.#drop(oldest)
    }
  }

  #drop(blockHash: Hex): void {
    this.#bytes -= this.#blocks.get(blockHash)?.bytes ?? 0
    this.#blocks.delete(blockHash)
  }
}

function estimateBytes(receipts: readonly Receipt[]): number {
  let bytes = receipts.length * RECEIPT_BYTES
  for (const { logs } of receipts) {
    for (const { data } of logs) bytes += LOG_BYTES + data.length
  }
  return bytes
}
