// A cache of receipts read lately, as bytes: decoded, 9,900 logs of a block take 5 MiB instead of a quarter.
import { type Hex } from '../../base/bytes.ts'
import { LruMap } from '../../base/lru.ts'

/** Blocks whose receipts are kept. */
const BLOCKS_MAX = 64
/** Bytes that all of them may take; the newest block's are kept in any case. */
const RECEIPTS_CACHED_MAX_BYTES = 8 * 2 ** 20

/** Least recently used go first. */
export class ReceiptCache {
  readonly #maxBytes: number
  readonly #blocks = new LruMap<Hex, Uint8Array>(BLOCKS_MAX + 1)
  #bytes = 0

  constructor({ maxBytes = RECEIPTS_CACHED_MAX_BYTES } = {}) {
    this.#maxBytes = maxBytes
  }

  /** What encodeReceipts gave. */
  get(blockHash: Hex): Uint8Array | undefined {
    return this.#blocks.get(blockHash)
  }

  set(blockHash: Hex, receipts: Uint8Array): void {
    this.#drop(blockHash)
    this.#blocks.set(blockHash, receipts)
    this.#bytes += receipts.length
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= BLOCKS_MAX && this.#bytes <= this.#maxBytes) return
      if (oldest !== blockHash) this.#drop(oldest)
    }
  }

  #drop(blockHash: Hex): void {
    this.#bytes -= this.#blocks.get(blockHash)?.length ?? 0
    this.#blocks.delete(blockHash)
  }
}
