// A database opened in spite of damaged files: repaired with what is left of it, or put aside and begun anew.
import { mkdir, readdir, rename } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { syncDirectory } from '../base/sync-directory.ts'
import { findFileDamage, findChangedLog, logSizes, readyToRepair } from './file-damage.ts'
import { type KeyValueStore } from './key-value-store.ts'
import { type DatabaseSchema } from './keys.ts'
import { runLevelChild } from './level-child.ts'
import { isStoreDamaged, StoreError } from './store-error.ts'
import { readMark, removeMark, writeMark } from './store-marks.ts'

/** Databases that are kept aside in one place; a disk that damages more than these has to be looked at. */
export const SET_ASIDE_MAX = 4

/** How it is mended. */
export interface Mending {
  readonly log: Log
  /** Where a damaged one is put, so that it is begun anew; undefined: it is repaired. */
  readonly setAsideIn?: string | undefined
  /** Opens it as it is by then. */
  readonly open: (knownSchema: string | undefined) => Promise<KeyValueStore>
}

/** An open database, and what was done to it before. */
export interface MendedStore {
  readonly store: KeyValueStore
  /** What was wrong with one that was repaired, in this start or in one that could not note it: some of it may be lost. */
  readonly damage: string | undefined
  /** That is noted where it counts. */
  readonly noted: () => Promise<void>
  /** Closes the store, and notes what it consists of: what is cut off meanwhile is seen then. */
  readonly close: () => Promise<void>
}

/**
 * Opens the database in `path`. Its files are held against each other first (file-damage.ts); where an open ended the
 * process, or LevelDB found damage the last time, every table is read, and a child process opens it before this one does.
 * What is damaged is repaired or set aside, once; nothing is deleted. Throws StoreError `store-damaged` where that
 * does not help, and what `open` throws.
 */
export async function openMendedStore(
  path: string,
  { name, schemaVersion }: DatabaseSchema,
  mending: Mending
): Promise<MendedStore> {
  const found = await findDamage(path)
  if (found !== undefined) await mend(path, found, mending)
  const store = await openOnce(path, mending).catch(async (thrown: unknown) => {
    if (!isStoreDamaged(thrown) || found !== undefined) throw thrown
    await mend(path, errorMessage(thrown), mending)
    return openOnce(path, mending)
  })
  try {
    const schema = `${name}/${String(schemaVersion)}`
    if ((await readMark(path, 'schema')) !== schema) await writeMark(path, 'schema', schema)
    return {
      store,
      damage: await readMark(path, 'repaired'),
      noted: () => removeMark(path, 'repaired'),
      async close() {
        await store.close()
        const sizes = await logSizes(path).catch(() => undefined) // the directory is gone
        if (sizes !== undefined) await writeMark(path, 'closed', sizes)
      }
    }
  } catch (thrown) {
    await store.close()
    throw thrown
  }
}

/** Puts the database aside: renames its directory, and says where to. Throws StoreError when there are too many. */
export async function setAside(
  path: string,
  place: string,
  { log, reason }: { readonly log: Log; readonly reason: string }
): Promise<void> {
  await mkdir(place, { recursive: true })
  const present = await readdir(place)
  if (present.length >= SET_ASIDE_MAX) {
    const told = `${reason}; ${String(present.length)} databases lie in ${place} already`
    throw new StoreError({ code: 'store-damaged', path, reason: told })
  }
  const numbers = present.map((entry) => Number(entry.split('-').at(-1)))
  const next = Math.max(0, ...numbers.filter(Number.isInteger)) + 1
  const target = join(place, `${basename(path)}-${String(next)}`)
  await rename(path, target)
  await syncDirectory(place)
  await syncDirectory(dirname(path))
  log.warn('store-set-aside', { path, to: target, reason })
}

/** Why the next open mends the database in `path`; undefined for one that needs none. Writes nothing. */
export async function findDamage(path: string): Promise<string | undefined> {
  const spoiled = await readMark(path, 'spoiled')
  if (spoiled !== undefined) return spoiled
  const opening = await readMark(path, 'opening')
  const noted = await readMark(path, 'damaged')
  const isDeep = opening !== undefined || noted !== undefined
  const atClose = await readMark(path, 'closed')
  const inFiles =
    (await findFileDamage(path, { isDeep })) ??
    (atClose === undefined ? undefined : await findChangedLog(path, atClose))
  if (inFiles !== undefined || !isDeep) return inFiles
  const reason = await runLevelChild('open', path)
  if (reason === undefined) await removeMark(path, 'damaged')
  return reason
}

async function mend(path: string, reason: string, { log, setAsideIn }: Mending): Promise<void> {
  if (setAsideIn !== undefined) {
    await runLevelChild('lock', path)
    await setAside(path, setAsideIn, { log, reason })
    return
  }
  log.warn('store-repair', { path, reason })
  await runLevelChild('lock', path)
  await writeMark(path, 'repaired', reason)
  await readyToRepair(path)
  const failure = await runLevelChild('repair', path)
  if (failure !== undefined) {
    throw new StoreError({ code: 'store-damaged', path, reason: `${reason}; repair: ${failure}` })
  }
  await removeMark(path, 'opening')
  await removeMark(path, 'damaged')
  log.info('store-repaired', { path })
}

/** The mark is left behind by a process that this ends. */
async function openOnce(path: string, { open }: Mending): Promise<KeyValueStore> {
  const isThere = await writeMark(path, 'opening', '').then(
    () => true,
    () => false // no directory yet, or none that can be written: the open says so
  )
  try {
    const store = await open(await readMark(path, 'schema'))
    await removeMark(path, 'closed') // it was of the logs before
    return store
  } finally {
    if (isThere) await removeMark(path, 'opening')
  }
}

/** Begins it anew in another directory of the same name: what it held may be lost, and the next open says so. */
export async function beginAnewAside(
  path: string,
  place: string,
  { log, reason }: { readonly log: Log; readonly reason: string }
): Promise<void> {
  await setAside(path, place, { log, reason })
  await mkdir(path, { recursive: true })
  await writeMark(path, 'repaired', reason)
}
