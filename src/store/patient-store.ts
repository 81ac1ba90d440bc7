// LevelDB that waits where the system has nothing left for now: a write lands late instead of failing.
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Backoff } from '../base/backoff.ts'
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { type PassingCause, passingCause } from '../base/passing-failure.ts'
import {
  type BatchOperation,
  type KeyRange,
  type KeyValueSnapshot,
  type KeyValueStore
} from './key-value-store.ts'
import { type DatabaseSchema } from './keys.ts'
import { type LevelStoreOptions, openLevelStore } from './level-store.ts'
import { StoreError } from './store-error.ts'

/** Who decides whether to wait, and hears of it. */
export interface Patience {
  readonly clock: Pick<Clock, 'sleep'>
  readonly log: Log
  /** False while a caller is to hear of a failure at once, as at a start. */
  readonly isPatient: () => boolean
  /** What waits when it aborts fails with what it waits for. */
  readonly signal: AbortSignal
  /** Writes to the database at `path` wait; undefined: they do not any more. */
  readonly onWaiting: (path: string, cause: PassingCause | undefined) => void
}

/** The first look after a failure comes after this; the pause doubles up to WAIT_MAX_MS. */
const WAIT_MIN_MS = 250
/** The longest pause between two looks. */
const WAIT_MAX_MS = 5_000
/** What has to fit before the database is opened anew: LevelDB writes what its log holds into files. */
const ROOM_BYTES = 16 * 2 ** 20
/** Files that have to be there for that. */
const ROOM_FILES = 12
/** Hidden, so that neither LevelDB nor the look at its directory takes it for its own. */
const ROOM_FILE = '.room'

/**
 * As openLevelStore. After a write that failed for want of room or of files LevelDB takes no more until it is opened
 * anew; that is done here, as soon as there is enough, and the writes that failed or came meanwhile are begun then, in
 * their order. While it is opened anew reads throw StoreError `store-reopening`, which passes. Throws StoreError.
 */
export async function openPatientStore(
  path: string,
  schema: DatabaseSchema,
  patience: Patience,
  options: LevelStoreOptions = {}
): Promise<RenewableStore> {
  const inner = await openLevelStore(path, schema, options)
  await rm(join(path, ROOM_FILE), { force: true }) // of a process that was killed while it looked
  const reopen = () => openLevelStore(path, schema, { ...options, mustExist: true })
  const begin = () => openLevelStore(path, schema, options)
  return new PatientStore(path, { inner, reopen, begin }, patience)
}

/** One whose content can be had again. */
export interface RenewableStore extends KeyValueStore {
  /**
   * Puts all that is there aside by `setAside`, while it is closed, and begins anew. Reads meanwhile throw
   * `store-reopening`, writes wait. Throws StoreError; then it stays closed.
   */
  beginAnew(setAside: () => Promise<void>): Promise<void>
}

/** A write that is not done. */
interface UndoneWrite {
  readonly operations: Iterable<BatchOperation>
  readonly options: { readonly sync: boolean }
  /** Under way on the database as it is open now. */
  attempt?: Promise<void> | undefined
}

class PatientStore implements RenewableStore {
  readonly #path: string
  readonly #patience: Patience
  readonly #reopen: () => Promise<KeyValueStore>
  readonly #begin: () => Promise<KeyValueStore>
  readonly #closing = new AbortController()
  #inner: KeyValueStore
  /** In the order in which they were given. */
  readonly #undone = new Set<UndoneWrite>()
  #repair: Promise<void> | undefined
  #reopening: StoreError | undefined

  constructor(
    path: string,
    {
      inner,
      reopen,
      begin
    }: {
      readonly inner: KeyValueStore
      readonly reopen: () => Promise<KeyValueStore>
      readonly begin: () => Promise<KeyValueStore>
    },
    patience: Patience
  ) {
    this.#path = path
    this.#inner = inner
    this.#reopen = reopen
    this.#begin = begin
    this.#patience = patience
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#assertOpen()
    return this.#inner.get(key)
  }

  async *iterate(range: KeyRange): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
    this.#assertOpen()
    const inner = this.#inner
    try {
      yield* inner.iterate(range)
    } catch (thrown) {
      this.#assertOpen()
      if (inner === this.#inner) throw thrown
      throw new StoreError({ code: 'store-reopening', path: this.#path }, { cause: thrown })
    }
  }

  snapshot(): KeyValueSnapshot {
    this.#assertOpen()
    return this.#inner.snapshot()
  }

  async batch(
    operations: Iterable<BatchOperation>,
    options: { readonly sync: boolean }
  ): Promise<void> {
    const again = isOnce(operations) ? [...operations] : operations
    const write: UndoneWrite = { operations: again, options }
    this.#undone.add(write)
    try {
      await this.#make(write)
    } finally {
      this.#undone.delete(write)
    }
  }

  async #make(write: UndoneWrite): Promise<void> {
    for (;;) {
      await this.#repair
      const inner = this.#inner
      write.attempt ??= inner.batch(write.operations, write.options)
      try {
        await write.attempt
        return
      } catch (thrown) {
        write.attempt = undefined
        const cause = passingCause(thrown)
        if (cause === undefined || !this.#patience.isPatient()) throw thrown
        if (inner === this.#inner) this.#repair ??= this.#mend(inner, { thrown, cause })
      }
    }
  }

  async beginAnew(setAside: () => Promise<void>): Promise<void> {
    await this.#repair
    this.#repair = this.#renew(setAside)
    await this.#repair
  }

  async #renew(setAside: () => Promise<void>): Promise<void> {
    await Promise.allSettled([...this.#undone].flatMap(({ attempt }) => attempt ?? []))
    this.#reopening = new StoreError({ code: 'store-reopening', path: this.#path })
    await this.#inner.close().catch(() => undefined) // all of it is put aside
    await setAside()
    this.#inner = await this.#begin()
    this.#reopening = undefined
    this.#repair = undefined
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the database is closed'))
    await this.#repair?.catch(() => undefined) // the writer hears of it
    if (this.#reopening === undefined) await this.#inner.close()
  }

  /** Rejects with what is waited for when the waiting ends before that, and for good when it cannot be opened. */
  async #mend(
    inner: KeyValueStore,
    { thrown, cause }: { readonly thrown: unknown; readonly cause: PassingCause }
  ): Promise<void> {
    const { clock, log, signal, onWaiting } = this.#patience
    const path = this.#path
    log.warn('store-waiting', { path, cause, reason: errorMessage(thrown) })
    onWaiting(path, cause)
    const ended = AbortSignal.any([signal, this.#closing.signal])
    const endWith = () => {
      throw thrown
    }
    const backoff = new Backoff({ minMs: WAIT_MIN_MS, maxMs: WAIT_MAX_MS })
    for (;;) {
      await clock.sleep(backoff.next(), ended).catch(endWith)
      if (!(await hasRoom(path))) continue
      if (this.#reopening === undefined) {
        // One that is still put together is not cut off: it fails by itself, and waits with the others.
        await Promise.allSettled([...this.#undone].flatMap(({ attempt }) => attempt ?? []))
        this.#reopening = new StoreError({ code: 'store-reopening', path }, { cause: thrown })
        await inner.close().catch(() => undefined) // what it could not write is written again
      }
      const opened = await this.#reopen().catch((failure: unknown) => {
        if (passingCause(failure) === undefined) throw failure
      })
      if (opened === undefined) continue
      this.#inner = opened
      this.#reopening = undefined
      this.#repair = undefined
      for (const write of this.#undone) {
        write.attempt = opened.batch(write.operations, write.options)
        write.attempt.catch(() => undefined) // its writer hears of it
      }
      log.info('store-writes-again', { path })
      onWaiting(path, undefined)
      return
    }
  }

  #assertOpen(): void {
    if (this.#reopening !== undefined) throw this.#reopening
  }
}

/** Of a generator: it cannot be gone through a second time. */
function isOnce(operations: Iterable<BatchOperation>): boolean {
  return Object.is(operations[Symbol.iterator](), operations)
}

/** True when so much can be written and so many files opened, and when what keeps that from being so does not pass. */
async function hasRoom(directory: string): Promise<boolean> {
  const path = join(directory, ROOM_FILE)
  const files: { close: () => Promise<void> }[] = []
  try {
    const first = await open(path, 'w')
    files.push(first)
    while (files.length < ROOM_FILES) files.push(await open(path, 'r'))
    const part = new Uint8Array(2 ** 20)
    for (let bytes = 0; bytes < ROOM_BYTES; bytes += part.length) await first.writeFile(part)
    await first.sync()
    return true
  } catch (thrown) {
    return passingCause(thrown) === undefined
  } finally {
    for (const file of files) await file.close().catch(() => undefined) // nothing of it is needed
    await rm(path, { force: true }).catch(() => undefined) // the next look writes it anew
  }
}
