// What LevelDB and the file system throw, as the StoreError that it means.
import { errorMessage } from '../base/node-error.ts'
import { StoreError, type StoreFailure } from './store-error.ts'

/** Depth to which causes are followed; the package nests one. */
const CAUSES_MAX = 8

/** LevelDB passes the system's words on, without its codes (POSIX strerror, Windows FormatMessage). */
const NO_SPACE = /no space left on device|disk quota exceeded|not enough space on the disk/i
const NO_FILES = /too many open files/i
const NO_PERMISSION =
  /permission denied|operation not permitted|read-only file system|access is denied/i

/** Of LevelDB alone, whose own files are gone or no files: at an open of the directory the system's code says it. */
const FILE_GONE = /IO error: .*: (no such file or directory|is a directory|the system cannot find)/i
/** A table that is empty or shorter than it says is mapped into memory by neither Linux nor macOS. */
const TABLE_UNUSABLE = /IO error: .*\.(ldb|sst): (invalid argument|no such device)/i
/** The file system has no locks: nobody holds this one. */
const NO_LOCKS = /no locks available|not supported|not implemented/i

const NOT_OPEN = [
  'LEVEL_DATABASE_NOT_OPEN',
  'LEVEL_SNAPSHOT_NOT_OPEN',
  'LEVEL_ITERATOR_NOT_OPEN',
  'LEVEL_BATCH_NOT_OPEN'
] as const

/** What was being done. */
export type StoreAction = 'open' | 'read' | 'write'

/** The StoreError for anything thrown while doing `action` on the database at `path`. */
export function toStoreError(thrown: unknown, path: string, action: StoreAction): StoreError {
  if (thrown instanceof StoreError) return thrown
  return new StoreError(failureOf(causesOf(thrown), path, action), { cause: thrown })
}

function failureOf(causes: readonly unknown[], path: string, action: StoreAction): StoreFailure {
  const codes = causes.map(codeOf)
  const reason = causes.map(errorMessage).join(': ')
  const isOne = (...wanted: readonly string[]) => codes.some((code) => wanted.includes(code))
  if (isOne('LEVEL_LOCKED')) {
    return NO_LOCKS.test(reason)
      ? { code: 'open-failed', path, reason }
      : { code: 'store-locked', path }
  }
  if (isOne('ENOTDIR', 'EEXIST')) return { code: 'not-a-directory', path }
  if (isOne('ENOSPC', 'EDQUOT') || NO_SPACE.test(reason)) return { code: 'disk-full', path }
  if (isOne('EMFILE', 'ENFILE') || NO_FILES.test(reason)) return { code: 'files-exhausted', path }
  if (isOne('LEVEL_CORRUPTION') || FILE_GONE.test(reason) || TABLE_UNUSABLE.test(reason)) {
    return { code: 'store-damaged', path, reason }
  }
  if (action === 'open') {
    const isDenied = isOne('EACCES', 'EPERM', 'EROFS') || NO_PERMISSION.test(reason)
    if (isDenied) return { code: 'permission-denied', path }
    return { code: 'open-failed', path, reason }
  }
  if (isOne(...NOT_OPEN)) {
    return { code: 'store-closed', path }
  }
  return { code: action === 'read' ? 'read-failed' : 'write-failed', path, reason }
}

function causesOf(thrown: unknown): readonly unknown[] {
  const causes: unknown[] = []
  for (let error = thrown; error !== undefined && causes.length < CAUSES_MAX;) {
    causes.push(error)
    error = error instanceof Error ? error.cause : undefined
  }
  return causes
}

function codeOf(thrown: unknown): string {
  const isCoded = thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string'
  return isCoded ? (thrown as Error & { readonly code: string }).code : ''
}
