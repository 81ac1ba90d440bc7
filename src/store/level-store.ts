// LevelDB behind the key-value port: one directory, one database, one process.
import { ClassicLevel } from 'classic-level'
import { createYielder } from '../base/yielder.ts'
import {
  type BatchOperation,
  type KeyRange,
  type KeyValueSnapshot,
  type KeyValueStore
} from './key-value-store.ts'
import { type DatabaseSchema, SCHEMA_KEY } from './keys.ts'
import { type StoreAction, toStoreError } from './level-failure.ts'
import { assertNotEmpty, assertSchema } from './schema.ts'
import { findDatabase, prepareDirectory } from './store-directory.ts'
import { StoreError } from './store-error.ts'
import { noteDamage } from './store-marks.ts'

/** What a database may take of memory, in bytes, and whether it may be made. */
export interface LevelStoreOptions {
  /** Uncompressed blocks kept for reads. */
  readonly cacheBytes?: number
  /** What is written before it is sorted into a file; twice that is held at most, and read back at start. */
  readonly writeBufferBytes?: number
  /** Files with entries that are kept open; LevelDB maps the first 1,000 of a process, which takes no descriptor. */
  readonly maxOpenFiles?: number
  /** True: where there is no database, none is made. */
  readonly mustExist?: boolean
  /** What is known of the schema of one that may have lost that entry, as `name/version`. */
  readonly knownSchema?: string | undefined
  /** Hears of a write that failed since LevelDB cannot sort what is damaged: only a start mends that. */
  readonly onDamaged?: ((error: StoreError) => void) | undefined
}

const CACHE_BYTES = 16 * 2 ** 20
const WRITE_BUFFER_BYTES = 4 * 2 ** 20
const MAX_OPEN_FILES = 1_000
/** Entries an iteration fetches at once; LevelDB hands them over in one turn of the event loop. */
const ITERATE_ENTRIES = 256
/** And bytes of them. */
const ITERATE_BYTES = 256 * 1024
/** A large batch holds the event loop for so long at once, and leaves the larger share of it to others. */
const BATCH_SLICE_MS = 1
/** A range that no entry lies in: first bytes of keys are letters (keys.ts). */
const NO_KEYS = { start: Uint8Array.of(0xff), end: Uint8Array.of(0xff) }

type Level = ClassicLevel<Uint8Array, Uint8Array>
type LevelSnapshot = ReturnType<Level['snapshot']>
type LevelBatch = ReturnType<Level['batch']>

/** What one batch writes, with the bytes of its keys and values. */
interface MadeBatch {
  readonly batch: LevelBatch
  readonly sizeBytes: number
}

/**
 * Opens the database in `path`, making both if there is nothing. Throws StoreError, and then leaves what
 * was there as it was, but for the files in which LevelDB keeps its own order.
 */
export async function openLevelStore(
  path: string,
  schema: DatabaseSchema,
  options: LevelStoreOptions = {}
): Promise<KeyValueStore> {
  const {
    cacheBytes = CACHE_BYTES,
    writeBufferBytes = WRITE_BUFFER_BYTES,
    maxOpenFiles = MAX_OPEN_FILES,
    mustExist = false,
    knownSchema,
    onDamaged
  } = options
  const found = await during('open', path, mustExist ? lookFor(path) : prepareDirectory(path))
  const isNew = found === 'create'
  const level: Level = new ClassicLevel(path, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    createIfMissing: isNew,
    cacheSize: cacheBytes,
    writeBufferSize: writeBufferBytes,
    maxOpenFiles
  })
  await during('open', path, level.open())
  const store = new LevelStore(level, { path, writeBufferBytes, onDamaged })
  try {
    if (mustExist && store.get(SCHEMA_KEY) === undefined) await assertNotEmpty(store, path)
    await assertSchema(store, schema, { path, knownSchema })
  } catch (thrown) {
    await store.close()
    throw thrown
  }
  return store
}

/** A database that is there. */
async function lookFor(path: string): Promise<'open'> {
  try {
    if ((await findDatabase(path)) === 'open') return 'open'
  } catch (thrown) {
    const isMissing = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT'
    if (!isMissing) throw thrown
  }
  throw new StoreError({ code: 'store-missing', path })
}

class LevelStore implements KeyValueStore {
  readonly #level: Level
  readonly #path: string
  readonly #writeBufferBytes: number
  readonly #onDamaged: LevelStoreOptions['onDamaged']
  /** Writes that LevelDB was given and has not answered. */
  readonly #underWay = new Set<Promise<void>>()
  #writeFailure: StoreError | undefined
  #emptyingLog: Promise<void> = Promise.resolve()

  constructor(
    level: Level,
    {
      path,
      writeBufferBytes,
      onDamaged
    }: Pick<LevelStoreOptions, 'onDamaged'> & {
      readonly path: string
      readonly writeBufferBytes: number
    }
  ) {
    this.#level = level
    this.#path = path
    this.#writeBufferBytes = writeBufferBytes
    this.#onDamaged = onDamaged
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return readOne(this.#level, this.#path, key)
  }

  iterate(range: KeyRange): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
    return readRange(this.#level, this.#path, range)
  }

  /**
   * After a failed write nothing is written any more: LevelDB goes on in its log behind what may be half a
   * record, and at the next start loses all that follows, synced or not (shown with a limited file size).
   */
  async batch(
    operations: Iterable<BatchOperation>,
    { sync }: { readonly sync: boolean }
  ): Promise<void> {
    this.#assertWritable()
    // Nothing is written yet: what fails here, fails for this batch alone.
    const made = await during('write', this.#path, makeBatch(this.#level, operations))
    const { batch, sizeBytes } = made
    try {
      this.#assertWritable() // another batch may have failed meanwhile
      await this.#write(batch, sync)
    } finally {
      await batch.close()
    }
    if (sizeBytes > this.#writeBufferBytes) this.#emptyLog()
  }

  /**
   * LevelDB sorts what it holds into a file when the next write comes. After a large batch that may be long, and
   * a start before it would read all of it back from the log: 1 s for 64 MiB.
   */
  #emptyLog(): void {
    const { start, end } = NO_KEYS
    const emptied = this.#level.compactRange(start, end)
    // Its failure is one of LevelDB, which the next write reports; or the store is closed.
    this.#emptyingLog = emptied.catch(() => undefined)
  }

  /**
   * LevelDB takes writes that are under way together in any order: one that landed behind another that failed half-way
   * is lost when the log is read back. So it counts once none of those has failed.
   */
  async #write(batch: LevelBatch, sync: boolean): Promise<void> {
    const own = batch.write({ sync })
    this.#underWay.add(own)
    try {
      await own
    } catch (thrown) {
      const error = failed(thrown, this.#path, 'write')
      if (error.failure.code === 'store-damaged') this.#onDamaged?.(error)
      if (error.failure.code !== 'store-closed') this.#writeFailure ??= error
      throw error
    } finally {
      this.#underWay.delete(own)
    }
    await Promise.allSettled([...this.#underWay])
    this.#assertWritable()
  }

  #assertWritable(): void {
    if (this.#writeFailure !== undefined) throw this.#writeFailure
  }

  snapshot(): KeyValueSnapshot {
    const level = this.#level
    const path = this.#path
    const snapshot = attempt('read', path, () => level.snapshot())
    return {
      get: (key) => readOne(level, path, key, snapshot),
      iterate: (range) => readRange(level, path, range, snapshot),
      close: () => snapshot.close()
    }
  }

  async close(): Promise<void> {
    await this.#emptyingLog
    await during('write', this.#path, this.#level.close())
  }
}

/**
 * Operation by operation: given as one array, LevelDB's binding holds the event loop ten times as long. It is
 * one batch all the same: nothing of it is in the database before it is written.
 */
async function makeBatch(level: Level, operations: Iterable<BatchOperation>): Promise<MadeBatch> {
  const yielder = createYielder(undefined, { sliceMs: BATCH_SLICE_MS })
  const batch = level.batch()
  let sizeBytes = 0
  try {
    for (const operation of operations) {
      sizeBytes += operation.key.length
      if (operation.type === 'put') {
        sizeBytes += operation.value.length
        batch.put(operation.key, operation.value)
      } else {
        batch.del(operation.key)
      }
      const turn = yielder.maybeYield()
      if (turn !== undefined) await turn
    }
    return { batch, sizeBytes }
  } catch (thrown) {
    await batch.close()
    throw thrown
  }
}

function readOne(
  level: Level,
  path: string,
  key: Uint8Array,
  snapshot?: LevelSnapshot
): Uint8Array | undefined {
  const options = snapshot === undefined ? {} : { snapshot }
  const value = attempt('read', path, () => level.getSync(key, options))
  return value === undefined ? undefined : plainView(value)
}

async function* readRange(
  level: Level,
  path: string,
  { start, end, reverse = false, limit = -1 }: KeyRange,
  snapshot?: LevelSnapshot
): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
  const range = { gte: start, lt: end, reverse, limit, highWaterMarkBytes: ITERATE_BYTES }
  const options = snapshot === undefined ? range : { ...range, snapshot }
  const iterator = attempt('read', path, () => level.iterator(options))
  try {
    for (;;) {
      const entries = await during('read', path, iterator.nextv(ITERATE_ENTRIES))
      if (entries.length === 0) return
      for (const [key, value] of entries) yield [plainView(key), plainView(value)]
    }
  } finally {
    await iterator.close()
  }
}

/** Not a Buffer, whose `slice` would not copy. */
function plainView(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

async function during<T>(action: StoreAction, path: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (thrown) {
    throw failed(thrown, path, action)
  }
}

function attempt<T>(action: StoreAction, path: string, work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    throw failed(thrown, path, action)
  }
}

/** What LevelDB finds damaged while it is open stays so, and in time keeps it from sorting: a start has to mend it. */
function failed(thrown: unknown, path: string, action: StoreAction): StoreError {
  const error = toStoreError(thrown, path, action)
  const { code } = error.failure
  if (code === 'store-damaged' && action !== 'open') noteDamage(path, error.message)
  return error
}
