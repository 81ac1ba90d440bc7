// The key-value port: four verbs that LevelDB and a memory map both satisfy.

/** Keys from `start` (inclusive) to `end` (exclusive), in byte order; `reverse` walks down from `end`. */
export interface KeyRange {
  readonly start: Uint8Array
  readonly end: Uint8Array
  readonly reverse?: boolean
  /** At most this many entries; no limit when absent. */
  readonly limit?: number
}

/** One write of a batch. */
export type BatchOperation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array }

/** Reads. `get` is synchronous: the trie's and the EVM's inner loops depend on it. */
export interface KeyValueReader {
  get(key: Uint8Array): Uint8Array | undefined
  iterate(range: KeyRange): AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]>
}

/** A consistent view; unaffected by later writes. Close it, or the store keeps what it needs. */
export interface KeyValueSnapshot extends KeyValueReader {
  close(): Promise<void>
}

/**
 * A whole database. `batch` is atomic; with `sync` it is on disk when the promise resolves. A batch that is
 * not awaited may land before or after the next one. A large one is taken in slices of the event loop.
 * A write that is made again goes through the operations again; those of a generator are kept for that.
 */
export interface KeyValueStore extends KeyValueReader {
  batch(operations: Iterable<BatchOperation>, options: { readonly sync: boolean }): Promise<void>
  snapshot(): KeyValueSnapshot
  close(): Promise<void>
}
