// The sequencer's signing key in a file: 64 hex digits, readable by its owner alone.
import { randomBytes } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { type Hex, hexToBytes } from '../base/bytes.ts'
import { writeNewFile } from '../base/new-file.ts'
import { errorMessage } from '../base/node-error.ts'
import { privateKeyToAddress, type RecoverableSignature, signDigest } from '../base/secp256k1.ts'
import { SignerError } from './signer-error.ts'

/** Signs a 32-byte digest. A key in a file satisfies it, and so may a signer elsewhere. */
export type SignDigest = (digest: Uint8Array) => Promise<RecoverableSignature>

/** A key that signs without being shown. */
export interface SigningKey {
  readonly address: Hex
  readonly signDigest: SignDigest
}

/** A file longer than this is no key. */
const KEY_FILE_MAX_BYTES = 256
/** The group may not write; nobody else may do anything. Containers hand secrets to a group to read. */
const FORBIDDEN_MODE = 0o027
const KEY_TEXT = /^(?:0x)?([0-9a-fA-F]{64})\s*$/

/**
 * Reads the key. A file that others may read is refused, as ssh does: a reader can sign blocks in
 * our name. Throws SignerError `key-missing`, `key-unreadable`, `key-permissions` or `key-malformed`.
 */
export async function readSigningKey(path: string): Promise<SigningKey> {
  const text = await readKeyText(path)
  const digits = KEY_TEXT.exec(text)?.[1]
  if (digits === undefined) {
    throw new SignerError({ code: 'key-malformed', path, reason: 'it is not 64 hex digits' })
  }
  try {
    return signingKey(hexToBytes(`0x${digits}`, 32))
  } catch (thrown) {
    const reason = 'it is no key of secp256k1: zero, or not below the order of the group'
    throw new SignerError({ code: 'key-malformed', path, reason }, { cause: thrown })
  }
}

/**
 * Makes a key and writes it to a new file, mode 600, synced. Throws SignerError `key-exists` or
 * `key-unwritable`.
 */
export async function createSigningKey(
  path: string,
  { randomKey = randomKeyBytes } = {}
): Promise<SigningKey> {
  const bytes = randomKey()
  const key = signingKey(bytes) // all but one in 2^127 of random bytes are a key
  try {
    await writeNewFile(path, `${Buffer.from(bytes).toString('hex')}\n`, 0o600)
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST') {
      throw new SignerError({ code: 'key-exists', path }, { cause: thrown })
    }
    throw notUsable('key-unwritable', path, thrown)
  }
  return key
}

function randomKeyBytes(): Uint8Array {
  return randomBytes(32)
}

/** A key from its 32 bytes. Throws Secp256k1Error when they are none. */
export function signingKey(bytes: Uint8Array): SigningKey {
  const address = privateKeyToAddress(bytes)
  return { address, signDigest: async (digest) => signDigest(digest, bytes) }
}

async function readKeyText(path: string): Promise<string> {
  try {
    const stats = await stat(path)
    const { mode, size } = stats
    if (!stats.isFile()) throw new Error('it is not a file')
    if (process.platform !== 'win32' && (mode & FORBIDDEN_MODE) !== 0) {
      const digits = (mode & 0o777).toString(8).padStart(3, '0')
      throw new SignerError({ code: 'key-permissions', path, mode: digits })
    }
    return size > KEY_FILE_MAX_BYTES ? '' : await readFile(path, 'latin1')
  } catch (thrown) {
    if (thrown instanceof SignerError) throw thrown
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') {
      throw new SignerError({ code: 'key-missing', path }, { cause: thrown })
    }
    throw notUsable('key-unreadable', path, thrown)
  }
}

function notUsable(
  code: 'key-unreadable' | 'key-unwritable',
  path: string,
  thrown: unknown
): SignerError {
  return new SignerError({ code, path, reason: errorMessage(thrown) }, { cause: thrown })
}
