// The identity that the suite listens with, in a file: 64 hex digits, made when there is none.
import { readFile, writeFile } from 'node:fs/promises'
import { generateKeyPair, privateKeyFromRaw } from '@libp2p/crypto/keys'
import { type PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { fromHex } from './block-maker.ts'

const KEY_TEXT = /^(?:0x)?([0-9a-fA-F]{64})\s*$/

/** Reads the key, or makes one and writes it with mode 600. Throws an Error that names the file. */
export async function openPeerKey(path: string): Promise<PrivateKey> {
  const text = await readKeyText(path)
  if (text === undefined) {
    const key = await generateKeyPair('secp256k1')
    await writeFile(path, `${Buffer.from(key.raw).toString('hex')}\n`, { mode: 0o600, flag: 'wx' })
    return key
  }
  const digits = KEY_TEXT.exec(text)?.[1]
  if (digits === undefined) throw new Error(`--peer-key ${path}: it is not 64 hex digits`)
  try {
    return privateKeyFromRaw(fromHex(digits))
  } catch (thrown) {
    throw new Error(`--peer-key ${path}: it is no key of secp256k1`, { cause: thrown })
  }
}

async function readKeyText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'latin1')
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined
    throw thrown
  }
}

/** The address that a node is given, known before anybody listens there. */
export function addressOf(listen: string, key: PrivateKey): string {
  return `${listen.replace(/\/p2p\/[^/]+$/, '')}/p2p/${peerIdFromPrivateKey(key).toString()}`
}
