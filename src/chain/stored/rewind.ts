// Taking the canonical chain back to a lower block, by an operator's word (src/recovery/README.md, "Operator's exits").
import { bytesToHex, type Hex, hexToBytes } from '../../base/bytes.ts'
import { keccak256 } from '../../base/keccak.ts'
import { type BatchOperation, type KeyValueStore } from '../../store/key-value-store.ts'
import { CHAIN_PREFIX, hashKey, numberKey, soleKey } from '../../store/keys.ts'
import { type SetAsideReason, setAsideOperations } from './accepted-store.ts'
import { type BlockStore } from './block-store.ts'
import { putEntry } from './chain-entry.ts'

/** Blocks taken back in one batch: a batch holds a key for each of their transactions. */
const REWIND_BATCH_BLOCKS = 512n

/** What is given up. */
export interface Rewind {
  /** The new head's height, at or below the head; at the head nothing is taken back. */
  readonly to: bigint
  /** Marked in the last batch: until then the blocks count as before, and an interrupted rewind is no loss. */
  readonly setAside: readonly Hex[]
  readonly reason: SetAsideReason
}

/**
 * Writes the store behind closed doors: nothing else may use it, and it has to be opened anew afterwards,
 * since its readers know the old head. Each batch leaves a sound, shorter chain. Throws ChainError, StoreError.
 */
export async function rewindChain(
  store: KeyValueStore,
  blocks: Pick<BlockStore, 'head' | 'blockByNumber' | 'canonicalHash'>,
  { to, setAside, reason }: Rewind
): Promise<void> {
  let top = blocks.head().number
  if (to > top || to < 0n) throw new RangeError(`${to.toString()} is not below the head`)
  const marks = setAsideOperations(setAside, reason)
  if (to === top) {
    await store.batch(marks, { sync: true })
    return
  }
  while (top > to) {
    const next = top - REWIND_BATCH_BLOCKS > to ? top - REWIND_BATCH_BLOCKS : to
    const operations: BatchOperation[] = []
    for (let number = top; number > next; number--) {
      operations.push({ type: 'del', key: numberKey(CHAIN_PREFIX.canonical, number) })
      for (const raw of blocks.blockByNumber(number)?.transactions ?? []) {
        const key = hashKey(CHAIN_PREFIX.transaction, bytesToHex(keccak256(raw)))
        operations.push({ type: 'del', key })
      }
    }
    const hash = blocks.canonicalHash(next)
    if (hash === undefined) throw new Error(`block ${next.toString()} is not canonical`)
    operations.push(putEntry(soleKey(CHAIN_PREFIX.head), hexToBytes(hash)))
    await store.batch(next === to ? [...operations, ...marks] : operations, { sync: true })
    top = next
  }
}
