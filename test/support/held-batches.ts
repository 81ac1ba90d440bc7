// A store whose batches land when a test lets them, or fail.
import { type KeyValueStore } from '../../src/store/key-value-store.ts'

/** The store, and what holds its batches. */
export interface HeldBatches {
  readonly store: KeyValueStore
  hold(): void
  unhold(): void
  /** Lets land what waits now, in its order. */
  letGo(): void
  /** Makes fail what waits now. */
  fail(reason: Error): void
  waitingCount(): number
}

/** Batches land at once until they are held. */
export function holdBatches(inner: KeyValueStore): HeldBatches {
  let isHeld = false
  const waiting: { resolve(): void; reject(reason: Error): void }[] = []
  const store: KeyValueStore = {
    ...portOf(inner),
    async batch(operations, options) {
      const taken = [...operations]
      if (isHeld) {
        await new Promise<void>((resolve, reject) => {
          waiting.push({ resolve, reject })
        })
      }
      await inner.batch(taken, options)
    }
  }
  return {
    store,
    hold: () => void (isHeld = true),
    unhold: () => void (isHeld = false),
    letGo() {
      for (const turn of waiting.splice(0)) turn.resolve()
    },
    fail(reason) {
      for (const turn of waiting.splice(0)) turn.reject(reason)
    },
    waitingCount: () => waiting.length
  }
}

/** The verbs of a store as own properties, for a test to replace some. */
export function portOf(store: KeyValueStore): KeyValueStore {
  return {
    get: (key) => store.get(key),
    iterate: (range) => store.iterate(range),
    batch: (operations, options) => store.batch(operations, options),
    snapshot: () => store.snapshot(),
    close: () => store.close()
  }
}
