// A map with a bound: the entry that was not used for longest is dropped.

/** Holds at most `entriesMax` entries; `get` and `set` make an entry the newest. */
export class LruMap<K, V> {
  readonly #entries = new Map<K, V>()
  readonly #entriesMax: number

  /** `entriesMax` is at least 1, else RangeError. */
  constructor(entriesMax: number) {
    if (!Number.isSafeInteger(entriesMax) || entriesMax < 1) {
      throw new RangeError(`an LRU map of ${entriesMax} entries`)
    }
    this.#entriesMax = entriesMax
  }

  get size(): number {
    return this.#entries.size
  }

  /** The value of the key, which becomes the newest; undefined when it is not held. */
  get(key: K): V | undefined {
    const value = this.#entries.get(key)
    if (value === undefined && !this.#entries.has(key)) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value as V)
    return value
  }

  /** True when the key is held; leaves the order as it is. */
  has(key: K): boolean {
    return this.#entries.has(key)
  }

  /** Puts the entry in as the newest and, when that is one too many, drops the oldest. */
  set(key: K, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= this.#entriesMax) return
    const oldest = this.#entries.keys().next()
    if (oldest.done !== true) this.#entries.delete(oldest.value)
  }

  /** True when there was such an entry. */
  delete(key: K): boolean {
    return this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
  }

  /** Keys from the oldest to the newest. */
  keys(): IterableIterator<K> {
    return this.#entries.keys()
  }

  /** Entries from the oldest to the newest; leaves the order as it is. */
  entries(): IterableIterator<[K, V]> {
    return this.#entries.entries()
  }
}
