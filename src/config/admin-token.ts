// The token that admin_ methods ask for, in a file that only its owner can read.
import { randomBytes } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { writeNewFile } from '../base/new-file.ts'

const TOKEN_BYTES = 32
/** A file longer than this holds no token. */
const TOKEN_FILE_MAX_BYTES = 1024
/** As of a signing key: the group may not write; nobody else may do anything. */
const FORBIDDEN_MODE = 0o027
/** Enough that nobody guesses it, and nothing that a header could not carry. */
const TOKEN_TEXT = /^([!-~]{32,512})\s*$/

/** Throws an Error that says what is wrong; never one that says the token. */
export async function readAdminToken(path: string): Promise<string> {
  const stats = await stat(path)
  if (!stats.isFile()) throw new Error('it is not a file')
  if (process.platform !== 'win32' && (stats.mode & FORBIDDEN_MODE) !== 0) {
    const digits = (stats.mode & 0o777).toString(8).padStart(3, '0')
    throw new Error(`its mode is ${digits}: others may read it or write it; make it 600`)
  }
  const text = stats.size > TOKEN_FILE_MAX_BYTES ? '' : await readFile(path, 'latin1')
  const token = TOKEN_TEXT.exec(text)?.[1]
  if (token === undefined) {
    throw new Error('it does not hold one word of 32 to 512 printable ASCII characters')
  }
  return token
}

/** Writes a new one over nothing, mode 600, synced. Rejects with the system's error. */
export async function createAdminToken(path: string): Promise<void> {
  await writeNewFile(path, `${randomBytes(TOKEN_BYTES).toString('hex')}\n`, 0o600)
}
