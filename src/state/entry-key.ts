// Keys of state entries as strings, one character a byte: what maps in memory and the database share.
import { bytesToHex, equalBytes } from '../base/bytes.ts'
import { sealValue } from '../store/checked-value.ts'
import { type BatchOperation } from '../store/key-value-store.ts'
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
  return nodeKeyOf(owner && bytesToKey(owner), path)
}

/** The same by what bytesToKey made of the owner. */
export function nodeKeyOf(owner: string | undefined, path: string): EntryKey {
  return owner === undefined ? ACCOUNT_NODE + path : STORAGE_NODE + owner + path
}

/** A code by its hash. */
export function codeKey(codeHash: Uint8Array): EntryKey {
  return CODE + bytesToKey(codeHash)
}

/** What all slots, and all storage nodes, of an account begin with. */
export function storagePrefixes(addressHash: string): readonly [EntryKey, EntryKey] {
  return [SLOT + addressHash, STORAGE_NODE + addressHash]
}

/** The lowest key above all that begin with this prefix, whose first byte is none of the highest. */
export function keyAfter(prefix: EntryKey): Uint8Array {
  const bytes = Uint8Array.from(keyToBytes(prefix))
  let at = bytes.length - 1
  while (at > 0 && bytes[at] === 0xff) at--
  bytes[at]! += 1
  return bytes.slice(0, at + 1)
}

/** True for entries that carry a checksum in the database. */
export function isFlat(key: EntryKey): boolean {
  return key.startsWith(ACCOUNT) || key.startsWith(SLOT)
}

/** True for a trie node. */
export function isNode(key: EntryKey): boolean {
  return key.startsWith(ACCOUNT_NODE) || key.startsWith(STORAGE_NODE)
}

/** True for a flat account. */
export function isAccount(key: EntryKey): boolean {
  return key.startsWith(ACCOUNT)
}

/** What an entry is, and where: hashes of account and slot, a node by owner and path, one hex digit a nibble. */
export interface EntryPlace {
  readonly kind: 'account' | 'slot' | 'node' | 'code' | 'point'
  readonly place: string
}

/** The place of an entry, as faults and logs name it. */
export function placeOf(key: EntryKey): EntryPlace {
  const bytes = keyToBytes(key)
  const owner = bytesToHex(bytes.subarray(1, 33))
  if (key.startsWith(ACCOUNT)) return { kind: 'account', place: owner }
  if (key.startsWith(SLOT))
    return { kind: 'slot', place: `${owner}/${bytesToHex(bytes.subarray(33))}` }
  if (key.startsWith(ACCOUNT_NODE)) return { kind: 'node', place: `/${key.slice(1)}` }
  if (key.startsWith(STORAGE_NODE)) return { kind: 'node', place: `${owner}/${key.slice(33)}` }
  if (key.startsWith(CODE)) return { kind: 'code', place: owner }
  return { kind: 'point', place: key }
}

/** The way to an entry as hex digits, which is also what the paths of the nodes that lead to it begin with. */
export function trailOf(key: EntryKey): string {
  if (key.startsWith(ACCOUNT_NODE)) return key.slice(1)
  const owner = Buffer.from(key.slice(1, 33), 'latin1').toString('hex')
  if (key.startsWith(STORAGE_NODE)) return owner + key.slice(33)
  return owner + Buffer.from(key.slice(33), 'latin1').toString('hex')
}

/** The write of an entry; undefined deletes it. Flat entries are sealed. */
export function toOperation(key: EntryKey, value: Uint8Array | undefined): BatchOperation {
  const keyBytes = keyToBytes(key)
  if (value === undefined) return { type: 'del', key: keyBytes }
  return { type: 'put', key: keyBytes, value: isFlat(key) ? sealValue(keyBytes, value) : value }
}

/** The account a slot or storage node belongs to; undefined for other entries. */
export function storageOwner(key: EntryKey): string | undefined {
  return key.startsWith(SLOT) || key.startsWith(STORAGE_NODE) ? key.slice(1, 33) : undefined
}

/** True for the same value, or for none in both. */
export function isSameEntry(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return equalBytes(one, other)
}
