// What lies in a data directory, and whether a directory is one.
import { readdir } from 'node:fs/promises'
import { errorMessage } from '../base/node-error.ts'
import { StoreError } from '../store/store-error.ts'

/** Each in a directory of its own. */
export const PLACES = {
  chain: 'chain',
  state: 'state',
  journal: 'journal',
  /** Damaged databases whose content was made anew. */
  setAside: 'set-aside'
} as const
/** What file systems put at the root of a volume. */
const VOLUME_ENTRIES = ['lost+found']

/** It holds the databases and nothing else, so that it can be deleted as a whole. Throws StoreError. */
export async function assertDataDirectory(path: string): Promise<void> {
  const names = await readdir(path).catch((thrown: unknown) => {
    const isMissing = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT'
    if (isMissing) return []
    throw notReadable(path, thrown)
  })
  const ours: readonly string[] = [...Object.values(PLACES), ...VOLUME_ENTRIES]
  const found = names.find((name) => !name.startsWith('.') && !ours.includes(name))
  if (found !== undefined) throw new StoreError({ code: 'foreign-directory', path, found })
}

function notReadable(path: string, thrown: unknown): StoreError {
  const options = { cause: thrown }
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  if (code === 'ENOTDIR') return new StoreError({ code: 'not-a-directory', path }, options)
  if (code === 'EACCES') return new StoreError({ code: 'permission-denied', path }, options)
  return new StoreError({ code: 'open-failed', path, reason: errorMessage(thrown) }, options)
}
