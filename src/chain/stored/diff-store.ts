// State diffs of canonical blocks by height, written with their block and kept for a while (src/state/README.md, "State diffs").
import { blockHashOfDiff } from '../../../protocols/state-diffs-by-range/state-diff-codec.ts'
import { bytesToHex, type Hex } from '../../base/bytes.ts'
import { type BatchOperation, type KeyValueStore } from '../../store/key-value-store.ts'
import { CHAIN_PREFIX, numberKey, numberOfKey } from '../../store/keys.ts'
import { putEntry, readEntry } from './chain-entry.ts'

/** Blocks whose diffs are kept. */
export const DIFFS_KEPT_BLOCKS = 8_192n
/** Old diffs deleted in one block's batch, at most; two a block are enough to catch up in time. */
export const DIFFS_DELETED_MAX = 16n

/** The diff of one block, to be written with it. */
export interface EncodedDiff {
  /** SSZ container StateDiff. */
  readonly bytes: Uint8Array
  /** No diff above this height is deleted: the state on disk is of it, and needs those above to move on. */
  readonly diskNumber: bigint
}

/** The diff of a block at a height. */
export interface NumberedDiff {
  readonly number: bigint
  readonly diff: EncodedDiff
}

/** Writes of diffs that go into a batch. */
export interface DiffBatch {
  readonly operations: readonly BatchOperation[]
  /** The batch is on disk. Nothing else was written meanwhile. */
  readonly noteWritten: () => void
}

/** Knows which heights there are without reading them: from the oldest on, but for single ones that were bad. */
export class DiffStore {
  readonly #store: KeyValueStore
  readonly #keptBlocks: bigint
  #oldest: bigint | undefined

  constructor(store: KeyValueStore, { keptBlocks = DIFFS_KEPT_BLOCKS } = {}) {
    this.#store = store
    this.#keptBlocks = keptBlocks
  }

  /** Finds the oldest; before any other call. */
  async open(): Promise<void> {
    const prefix = CHAIN_PREFIX.diff
    const range = { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1), limit: 1 }
    for await (const [key] of this.#store.iterate(range)) this.#oldest = numberOfKey(key)
  }

  /** The lowest height with a diff. */
  oldest(): bigint | undefined {
    return this.#oldest
  }

  /** The diff of this block; undefined when there is none or one of another block. Throws ChainError, StoreError. */
  encoded(number: bigint, hash: Hex): Uint8Array | undefined {
    const key = numberKey(CHAIN_PREFIX.diff, number)
    const bytes = readEntry(this.#store, 'diff', key)
    if (bytes === undefined) return undefined
    return bytesToHex(blockHashOfDiff(bytes)) === hash ? bytes : undefined
  }

  /** True when a diff of this height would be deleted at once under such a head. */
  isTooOld(number: bigint, headNumber: bigint): boolean {
    return number + this.#keptBlocks <= headNumber
  }

  /** What goes into the batch of blocks, in ascending order: their diffs, and the deletion of those that are too old. */
  batch(diffs: readonly NumberedDiff[]): DiffBatch {
    const operations: BatchOperation[] = []
    let oldest = this.#oldest
    for (const { number, diff } of diffs) {
      operations.push(putEntry(numberKey(CHAIN_PREFIX.diff, number), diff.bytes))
      const end = this.#keptFrom(number, diff.diskNumber, oldest)
      for (let old = oldest ?? end; old < end; old++) {
        operations.push({ type: 'del', key: numberKey(CHAIN_PREFIX.diff, old) })
      }
      if (oldest === undefined || number < oldest) oldest = number
      else if (oldest < end) oldest = end
    }
    return {
      operations,
      noteWritten: () => {
        this.#oldest = oldest
      }
    }
  }

  /**
   * Deletes what is kept up to a height. Where heights are without diffs, those below can bring no state across
   * them, and `oldest` would promise what is not there.
   */
  dropOperations(last: bigint): BatchOperation[] {
    const operations: BatchOperation[] = []
    for (let old = this.#oldest ?? last + 1n; old <= last; old++) {
      operations.push({ type: 'del', key: numberKey(CHAIN_PREFIX.diff, old) })
    }
    return operations
  }

  /** That batch is on disk. */
  noteDropped(last: bigint): void {
    if (this.#oldest !== undefined && this.#oldest <= last) this.#oldest = undefined
  }

  /** The first height that stays when this block's diff is written, of those from the oldest on. */
  #keptFrom(number: bigint, diskNumber: bigint, oldest = number): bigint {
    const limits = [number - this.#keptBlocks + 1n, diskNumber + 1n, oldest + DIFFS_DELETED_MAX]
    const end = limits.reduce((a, b) => (a < b ? a : b))
    return end > oldest ? end : oldest
  }
}
