// Making a directory with all above it that are missing.
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Resolves with the first directory that it made, undefined when all were there. Rejects with the system's error.
 * One at a time: where the system says of a parent that it is missing although it is there, as below /proc,
 * Node's own recursive mkdir tries for ever.
 */
export async function makeDirectory(path: string, mode = 0o777): Promise<string | undefined> {
  try {
    return await makeOne(path, mode)
  } catch (thrown) {
    const parent = dirname(path)
    if (codeOf(thrown) !== 'ENOENT' || parent === path) throw thrown
    const first = await makeDirectory(parent, mode)
    const made = await makeOne(path, mode)
    return first ?? made
  }
}

/** Undefined when it is there. */
async function makeOne(path: string, mode: number): Promise<string | undefined> {
  try {
    await mkdir(path, { mode })
    return path
  } catch (thrown) {
    if (codeOf(thrown) === 'EEXIST' && (await stat(path)).isDirectory()) return undefined
    throw thrown
  }
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
}
