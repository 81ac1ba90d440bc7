// What lies below a path in one trie of the database: its nodes, and the flat entries that its leaves stand for.
import { type KeyRange } from '../store/key-value-store.ts'
import { nibblesToBytes, pathKey } from '../trie/nibbles.ts'
import {
  accountKey,
  bytesToKey,
  type EntryKey,
  keyAfter,
  keyToBytes,
  nodeKey
} from './entry-key.ts'
import { STATE_PREFIX } from '../store/keys.ts'
import { decodeAccount, encodeSlimAccount, encodeTrieAccount } from './account-codec.ts'
import { decodeSlotValue, encodeSlotValue } from './slot-value.ts'

/** The account trie, or with an address hash that account's storage trie. */
export type TrieOwner = Uint8Array | undefined

const ACCOUNT_PREFIX = String.fromCharCode(STATE_PREFIX.account)
const SLOT_PREFIX = String.fromCharCode(STATE_PREFIX.slot)

/** What the keys of flat entries of the trie begin with. */
export function flatPrefix(owner: TrieOwner): EntryKey {
  return owner === undefined ? ACCOUNT_PREFIX : SLOT_PREFIX + bytesToKey(owner)
}

/** Flat entries whose hashes begin with these nibbles. */
export function flatRange(owner: TrieOwner, path: Uint8Array): KeyRange {
  const prefix = flatPrefix(owner)
  const whole = bytesToKey(nibblesToBytes(path, path.length & ~1))
  if ((path.length & 1) === 0) {
    return { start: keyToBytes(prefix + whole), end: keyAfter(prefix + whole) }
  }
  const nibble = path[path.length - 1]!
  const start = keyToBytes(prefix + whole + String.fromCharCode(nibble << 4))
  if (nibble === 15) return { start, end: keyAfter(prefix + whole) }
  return { start, end: keyToBytes(prefix + whole + String.fromCharCode((nibble + 1) << 4)) }
}

/** Nodes at this path and below it. */
export function nodeRange(owner: TrieOwner, path: Uint8Array): KeyRange {
  const prefix = nodeKey(owner, pathKey(path))
  return { start: keyToBytes(prefix), end: keyAfter(prefix) }
}

/** The hash that the key of a flat entry of the trie ends with. */
export function hashOfFlat(owner: TrieOwner, key: Uint8Array): Uint8Array {
  return Uint8Array.from(key.subarray(flatPrefix(owner).length))
}

/** The key of the flat entry with this hash. */
export function flatKey(owner: TrieOwner, hash: Uint8Array): EntryKey {
  return owner === undefined ? accountKey(hash) : flatPrefix(owner) + bytesToKey(hash)
}

/** A flat entry as a leaf of the trie has it. */
export function toTrieValue(owner: TrieOwner, body: Uint8Array): Uint8Array {
  return owner === undefined ? encodeTrieAccount(decodeAccount(body)) : encodeSlotValue(body)
}

/** A leaf of the trie as a flat entry. */
export function toFlatValue(owner: TrieOwner, value: Uint8Array): Uint8Array {
  return owner === undefined ? encodeSlimAccount(decodeAccount(value)) : decodeSlotValue(value)
}
