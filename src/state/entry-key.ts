// Keys of state entries as strings, one character a byte: what maps in memory and the database share.
import { STATE_PREFIX } from '../store/keys.ts'

/** A database key, latin1. */
export type EntryKey = string

const ACCOUNT = String.fromCharCode(STATE_PREFIX.account)
const SLOT = String.fromCharCode(STATE_PREFIX.slot)
const ACCOUNT_NODE = String.fromCharCode(STATE_PREFIX.accountNode)
const STORAGE_NODE = String.fromCharCode(STATE_PREFIX.storageNode)
const CODE = String.fromCharCode(STATE_PREFIX.code)

/** The bytes as characters. */
export function bytesToKey(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** The key as LevelDB takes it. */
export function keyToBytes(key: EntryKey): Uint8Array {
  return Buffer.from(key, 'latin1')
}

/** Flat account of an address hash. */
export function accountKey(addressHash: Uint8Array): EntryKey {
  return ACCOUNT + bytesToKey(addressHash)
}

/** Flat slot of an account. */
export function slotKey(addressHash: Uint8Array, slotHash: Uint8Array): EntryKey {
  return SLOT + bytesToKey(addressHash) + bytesToKey(slotHash)
}

/** Node of the account trie, or with an owner of that account's storage trie; `path` as pathKey makes it. */
export function nodeKey(owner: Uint8Array | undefined, path: string): EntryKey {
  return owner === undefined ? ACCOUNT_NODE + path : STORAGE_NODE + bytesToKey(owner) + path
}

/** A code by its hash. */
export function codeKey(codeHash: Uint8Array): EntryKey {
  return CODE + bytesToKey(codeHash)
}

/** What all slots, and all storage nodes, of an account begin with. */
export function storagePrefixes(addressHash: string): readonly [EntryKey, EntryKey] {
  return [SLOT + addressHash, STORAGE_NODE + addressHash]
}

/** True for entries that carry a checksum in the database. */
export function isFlat(key: EntryKey): boolean {
  return key.startsWith(ACCOUNT) || key.startsWith(SLOT)
}

/** The account a slot or storage node belongs to; undefined for other entries. */
export function storageOwner(key: EntryKey): string | undefined {
  return key.startsWith(SLOT) || key.startsWith(STORAGE_NODE) ? key.slice(1, 33) : undefined
}
