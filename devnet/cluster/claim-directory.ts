// The directory of a new cluster: made, or taken when it is empty and writable; else an error that says why not.
import { access, constants, readdir } from 'node:fs/promises'
import { makeDirectory } from '../../src/base/make-directory.ts'

/** Thrown for a directory that no cluster can begin in; what is there is left as it is. */
export class UnusableDirectoryError extends Error {}

/** Throws UnusableDirectoryError. */
export async function claimDirectory(path: string): Promise<void> {
  let names: readonly string[]
  try {
    await makeDirectory(path, 0o700)
    names = await readdir(path)
    await access(path, constants.W_OK | constants.X_OK)
  } catch (thrown) {
    throw new UnusableDirectoryError(`${path} cannot be used${describeFault(thrown)}`, {
      cause: thrown
    })
  }
  if (names.length > 0) {
    throw new UnusableDirectoryError(`${path} is not empty: a cluster begins in a new directory`)
  }
}

/** What the system means, where its own words, which follow, are for programmers. */
function describeFault(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  switch (code) {
    case 'EEXIST':
      return ': it is no directory'
    case 'ENOTDIR':
      return ': what it lies in is no directory'
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return ': it is not writable'
    default:
      return ''
  }
}
