// The key behind the peer id: secp256k1, 64 hex digits in a file, apart from the key that signs blocks.
import { readFile, stat } from 'node:fs/promises'
import { generateKeyPair, privateKeyFromRaw } from '@libp2p/crypto/keys'
import { type PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { writeNewFile } from '../base/new-file.ts'

/** A node's libp2p identity. */
export interface PeerKey {
  readonly peerId: string
  readonly privateKey: PrivateKey
}

/** A file longer than this is no key. */
const FILE_MAX_BYTES = 256
const KEY_TEXT = /^(?:0x)?([0-9a-fA-F]{64})\s*$/

/** Reads the key. Throws an Error that says what is wrong with the file. */
export async function readPeerKey(path: string): Promise<PeerKey> {
  const text = await readText(path)
  const digits = KEY_TEXT.exec(text)?.[1]
  if (digits === undefined) throw new Error('it is not 64 hex digits')
  try {
    return toPeerKey(privateKeyFromRaw(Buffer.from(digits, 'hex')))
  } catch (thrown) {
    throw new Error('it is no key of secp256k1', { cause: thrown })
  }
}

/** Makes a key and writes it to a new file, mode 600. Rejects with the system's error, EEXIST over a file. */
export async function createPeerKey(path: string): Promise<PeerKey> {
  const privateKey = await generateKeyPair('secp256k1')
  await writeNewFile(path, `${Buffer.from(privateKey.raw).toString('hex')}\n`, 0o600)
  return toPeerKey(privateKey)
}

/** A key that lives as long as the process. */
export async function generatePeerKey(): Promise<PeerKey> {
  return toPeerKey(await generateKeyPair('secp256k1'))
}

async function readText(path: string): Promise<string> {
  const stats = await stat(path).catch((thrown: unknown) => {
    const isMissing = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT'
    throw isMissing ? new Error('there is no such file; rekindle init makes one') : thrown
  })
  if (!stats.isFile()) throw new Error('it is not a file')
  return stats.size > FILE_MAX_BYTES ? '' : readFile(path, 'latin1')
}

function toPeerKey(privateKey: PrivateKey): PeerKey {
  return { peerId: peerIdFromPrivateKey(privateKey).toString(), privateKey }
}
