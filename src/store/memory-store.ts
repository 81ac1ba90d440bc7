// The key-value port in memory, for tests and the simulation; nothing survives its process.
import { compareBytes } from '../base/bytes.ts'
import {
  type BatchOperation,
  type KeyRange,
  type KeyValueSnapshot,
  type KeyValueStore
} from './key-value-store.ts'
import { StoreError } from './store-error.ts'

/** What stands for a path in failures. */
const PATH = 'memory'

/** An empty store. Copies what goes in and what comes out, as LevelDB does. */
export function createMemoryStore(): KeyValueStore {
  return new MemoryStore()
}

/** Entries by key, the key as one character a byte: order of strings is order of bytes. */
type Entries = Map<string, Uint8Array>

class MemoryStore implements KeyValueStore {
  #entries: Entries = new Map()
  /** Keys in order; undefined since the last write. */
  #sorted: readonly string[] | undefined
  /** True while a snapshot may hold #entries: the next write takes a copy. */
  #isShared = false
  #isClosed = false

  get(key: Uint8Array): Uint8Array | undefined {
    this.#assertOpen()
    return this.#entries.get(toText(key))?.slice()
  }

  iterate(range: KeyRange): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
    this.#assertOpen()
    this.#isShared = true
    this.#sorted ??= [...this.#entries.keys()].sort()
    return walk(this.#entries, this.#sorted, range)
  }

  async batch(operations: Iterable<BatchOperation>): Promise<void> {
    this.#assertOpen()
    const taken = [...operations] // all of it or none, also when it throws on the way
    if (this.#isShared) this.#entries = new Map(this.#entries)
    this.#isShared = false
    this.#sorted = undefined
    for (const operation of taken) {
      const text = toText(operation.key)
      if (operation.type === 'del') this.#entries.delete(text)
      else this.#entries.set(text, Uint8Array.from(operation.value))
    }
  }

  snapshot(): KeyValueSnapshot {
    this.#assertOpen()
    this.#isShared = true
    const entries = this.#entries
    let isClosed = false
    const assertOpen = () => {
      if (isClosed) throw new StoreError({ code: 'store-closed', path: PATH })
      this.#assertOpen()
    }
    return {
      get(key) {
        assertOpen()
        return entries.get(toText(key))?.slice()
      },
      iterate(range) {
        assertOpen()
        return walk(entries, [...entries.keys()].sort(), range)
      },
      async close() {
        isClosed = true
      }
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new StoreError({ code: 'store-closed', path: PATH })
  }
}

async function* walk(
  entries: Entries,
  sorted: readonly string[],
  { start, end, reverse = false, limit = Number.POSITIVE_INFINITY }: KeyRange
): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
  if (compareBytes(start, end) >= 0) return
  const first = lowerBound(sorted, toText(start))
  const last = lowerBound(sorted, toText(end))
  for (let count = 0; count < last - first && count < limit; count++) {
    const text = sorted[reverse ? last - 1 - count : first + count]!
    const value = entries.get(text)
    if (value !== undefined) yield [toBytes(text), value.slice()]
  }
}

/** How many keys are below `text`. */
function lowerBound(sorted: readonly string[], text: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < text) low = middle + 1
    else high = middle
  }
  return low
}

function toText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')
}

function toBytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'))
}
