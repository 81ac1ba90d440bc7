// The chain database of the test chain over a memory store that remembers its batches.
import { equalBytes } from '../../../src/base/bytes.ts'
import { openChain, type ChainStores } from '../../../src/chain/stored/open-chain.ts'
import {
  createSignerSchedule,
  type SignerSchedule
} from '../../../src/chain/blocks/signer-schedule.ts'
import { type BatchOperation, type KeyValueStore } from '../../../src/store/key-value-store.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import { StoreError } from '../../../src/store/store-error.ts'
import { TEST_SIGNER, testGenesisBlock } from '../../support/signed-chain.ts'

/** One batch that was written. */
export interface WrittenBatch {
  readonly operations: readonly BatchOperation[]
  readonly sync: boolean
}

/** A memory store, its batches so far, and a failure for those to come. */
export interface WatchedStore extends KeyValueStore {
  readonly batches: WrittenBatch[]
  failWith: Error | undefined
}

/** The test signer from block 0 on. */
export const TEST_SCHEDULE: SignerSchedule = createSignerSchedule([
  { fromBlock: 0n, address: TEST_SIGNER }
])

/** An empty one. */
export function createWatchedStore(): WatchedStore {
  const store = createMemoryStore()
  const batches: WrittenBatch[] = []
  const watched: WatchedStore = {
    batches,
    failWith: undefined,
    get: (key) => store.get(key),
    iterate: (range) => store.iterate(range),
    snapshot: () => store.snapshot(),
    close: () => store.close(),
    async batch(operations, { sync }) {
      if (watched.failWith !== undefined) throw watched.failWith
      batches.push({ operations: [...operations], sync })
      await store.batch(operations, { sync })
    }
  }
  return watched
}

/** Both stores of the test chain, begun or begun before. */
export async function openTestChain(
  store: KeyValueStore,
  schedule: SignerSchedule = TEST_SCHEDULE
): Promise<ChainStores> {
  return openChain(store, { genesis: testGenesisBlock(), schedule })
}

/** Changes one byte in the middle of the value under the key. */
export async function damage(store: KeyValueStore, key: Uint8Array): Promise<void> {
  const value = store.get(key)
  if (value === undefined) throw new Error('there is no such entry')
  const at = value.length >> 1
  value[at] = value[at]! ^ 0xff
  await store.batch([{ type: 'put', key, value }], { sync: true })
}

/** The store once LevelDB finds the block damaged in which the entry lies: in a compressed one it does. */
export function withUnreadable(store: KeyValueStore, key: Uint8Array): KeyValueStore {
  let isWritten = false
  return {
    get(wanted) {
      if (isWritten || !equalBytes(wanted, key)) return store.get(wanted)
      throw new StoreError({ code: 'store-damaged', path: 'chain', reason: 'corrupted block' })
    },
    iterate: (range) => store.iterate(range),
    snapshot: () => store.snapshot(),
    close: () => store.close(),
    async batch(operations, options) {
      const taken = [...operations]
      await store.batch(taken, options)
      isWritten ||= taken.some((operation) => equalBytes(operation.key, key))
    }
  }
}
