// The directory of a database, looked at before LevelDB may touch it.
import { readdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { makeDirectory } from '../base/make-directory.ts'
import { syncDirectory } from '../base/sync-directory.ts'
import { StoreError } from './store-error.ts'

/** Files of LevelDB that hold entries, and those that it makes before there are any. */
const ENTRY_FILE = /^\d{6,}\.(log|ldb|sst)$/
const LOG_FILE = /^\d{6,}\.log$/
/** Made with a database, before its first log; each open after that makes a manifest of a higher number. */
const FIRST_MANIFEST = 'MANIFEST-000001'
const OTHER_FILE = /^(LOCK|LOG|LOG\.old|CURRENT|MANIFEST-\d{6,}|\d{6,}\.dbtmp|lost)$/
/** Hidden files are the desktop's or the volume's; LevelDB leaves them alone. */
const HIDDEN = '.'

/**
 * Makes the directory if need be, and says whether a database is to be created in it. Throws StoreError
 * `foreign-directory` when it holds a file that is not LevelDB's, and `store-damaged` when a database has
 * lost CURRENT, which LevelDB would take for a new one, and delete what is there; or its log, without which it
 * would open, and lack all that was written last. Rejects with what the
 * system says when it cannot be read or made.
 */
export async function prepareDirectory(path: string): Promise<'create' | 'open'> {
  await makeSynced(resolve(path))
  return findDatabase(path)
}

/** As prepareDirectory, of what is there: makes nothing. Rejects when there is no directory. */
export async function findDatabase(path: string): Promise<'create' | 'open'> {
  const names = (await readdir(path)).filter((name) => !name.startsWith(HIDDEN))
  const found = names.find((name) => !ENTRY_FILE.test(name) && !OTHER_FILE.test(name))
  if (found !== undefined) throw new StoreError({ code: 'foreign-directory', path, found })
  if (names.includes('CURRENT')) {
    assertLog(names, path)
    return 'open'
  }
  const orphan = names.find((name) => ENTRY_FILE.test(name))
  if (orphan === undefined) return 'create'
  const reason = `CURRENT is missing beside ${orphan}`
  throw new StoreError({ code: 'store-damaged', path, reason })
}

/**
 * A database that was open once has a log at every moment since: the next one is made before the last one goes
 * (google/leveldb, db/db_impl.cc: DBImpl::MakeRoomForWrite, DB::Open).
 */
function assertLog(names: readonly string[], path: string): void {
  if (names.some((name) => LOG_FILE.test(name))) return
  const isBeingMade = names.includes(FIRST_MANIFEST) && !names.some((name) => ENTRY_FILE.test(name))
  if (isBeingMade) return
  throw new StoreError({ code: 'store-damaged', path, reason: 'the log, NNNNNN.log, is missing' })
}

/** Makes it with all above it, and syncs the parents that gained an entry: a power cut must not take it back. */
async function makeSynced(path: string): Promise<void> {
  const first = await makeDirectory(path)
  if (first === undefined) return
  for (let made = path; ; made = dirname(made)) {
    await syncDirectory(dirname(made))
    if (made === first || made === dirname(made)) return
  }
}
