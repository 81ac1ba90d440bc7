// Empties the state database but for its schema entry, in bounded batches.
import { type BatchOperation, type KeyValueStore } from '../store/key-value-store.ts'
import { STATE_PREFIX } from '../store/keys.ts'

/** Deletions in one batch. */
const WIPE_BATCH_MAX = 10_000

/** The point goes first: a process killed meanwhile finds a database without state, not half of one. */
export async function wipeStore(store: KeyValueStore): Promise<void> {
  const prefixes = Object.values(STATE_PREFIX)
  const order = [STATE_PREFIX.point, ...prefixes.filter((one) => one !== STATE_PREFIX.point)]
  for (const prefix of order) {
    let operations: BatchOperation[] = []
    const range = { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1) }
    for await (const [key] of store.iterate(range)) {
      operations.push({ type: 'del', key: Uint8Array.from(key) })
      if (operations.length < WIPE_BATCH_MAX) continue
      await store.batch(operations, { sync: true })
      operations = []
    }
    if (operations.length > 0) await store.batch(operations, { sync: true })
  }
}
