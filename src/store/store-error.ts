// What can go wrong with a database and its directory; one reason each, for the operator who has to mend it.
import { NodeError } from '../base/node-error.ts'

/** `path` is the directory of the database. Texts of the system and of LevelDB are in `reason`. */
export type StoreFailure =
  /** Another process, or this one, has it open. */
  | { readonly code: 'store-locked'; readonly path: string }
  | { readonly code: 'not-a-directory'; readonly path: string }
  /** Where one was to be read there is none, or nothing in it; none was made. */
  | { readonly code: 'store-missing'; readonly path: string }
  /** It holds something that we did not write; nothing of it was touched, but for a database of LevelDB. */
  | { readonly code: 'foreign-directory'; readonly path: string; readonly found: string }
  | { readonly code: 'permission-denied'; readonly path: string }
  /** The files contradict each other, or lack one that must be there. */
  | { readonly code: 'store-damaged'; readonly path: string; readonly reason: string }
  /** Written by a later version of rekindle, which lays it out in a way that this one does not know. */
  | {
      readonly code: 'schema-newer'
      readonly path: string
      readonly storedVersion: number
      readonly supportedVersion: number
    }
  /** Written by an earlier version, from whose layout nothing leads to this one's. */
  | {
      readonly code: 'schema-older'
      readonly path: string
      readonly storedVersion: number
      readonly supportedVersion: number
    }
  | { readonly code: 'open-failed'; readonly path: string; readonly reason: string }
  /** No room for what was to be written. As with `write-failed`, only a restart makes it writable again. */
  | { readonly code: 'disk-full'; readonly path: string }
  /** The process, or the system, has as many files open as it may: as `disk-full` where it was a write. */
  | { readonly code: 'files-exhausted'; readonly path: string }
  /** It is opened anew after a write that failed for a cause that has passed: in a moment it can be read again. */
  | { readonly code: 'store-reopening'; readonly path: string }
  /** Whether it is on disk is not known before the store is opened anew; until then it only reads. */
  | { readonly code: 'write-failed'; readonly path: string; readonly reason: string }
  | { readonly code: 'read-failed'; readonly path: string; readonly reason: string }
  | { readonly code: 'store-closed'; readonly path: string }

/** Thrown by every function of the folder; `cause` keeps what the system or LevelDB said. */
export class StoreError extends NodeError<StoreFailure> {}

/** True for what LevelDB itself finds damaged. */
export function isStoreDamaged(thrown: unknown): boolean {
  return thrown instanceof StoreError && thrown.failure.code === 'store-damaged'
}
