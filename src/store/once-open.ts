// Work that reads before it writes, on a database that may be opened anew meanwhile.
import { type KeyValueStore } from './key-value-store.ts'
import { StoreError } from './store-error.ts'

/** A database is opened anew after each write that failed for a cause that has passed: no work meets more in a row. */
const REOPENINGS_MAX = 100

/**
 * Does the work, and does it again from its start where a read found the database being opened anew. What it does has to
 * bear that. Throws what the work throws, and StoreError when the database is not opened any more.
 */
export async function onceOpen<T>(
  store: Pick<KeyValueStore, 'batch'>,
  work: () => T | Promise<T>
): Promise<T> {
  for (let reopenings = 0; ; reopenings++) {
    try {
      return await work()
    } catch (thrown) {
      if (!isReopening(thrown) || reopenings === REOPENINGS_MAX) throw thrown
      await store.batch([], { sync: false }) // a write waits until it is open
    }
  }
}

function isReopening(thrown: unknown): boolean {
  return thrown instanceof StoreError && thrown.failure.code === 'store-reopening'
}
