// Accounts in bytes: the trie's four fields (yellow paper, 4.1), and the slim form of flat entries (snap).
import { bigintToBytes, bytesToBigint, EMPTY_BYTES, equalBytes } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import {
  contentStart,
  isList,
  itemEnd,
  LIST_START,
  listStart,
  SHORT_LENGTH_MAX,
  STRING_START
} from '../trie/rlp-item.ts'
import { EMPTY_ROOT } from '../trie/trie.ts'
import { type Account } from './state-view.ts'

/** keccak-256 of no code. */
export const EMPTY_CODE_HASH: Uint8Array = keccak256(EMPTY_BYTES)

const FIELDS_COUNT = 4
const NONCE_BYTES_MAX = 8
const BALANCE_BYTES_MAX = 32
const HASH_BYTES = 32
/** A balance, a root or a hash; four of them have a length of one byte. */
const FIELD_BYTES_MAX = 32

/** An account with the root of its storage trie. */
export interface StoredAccount extends Account {
  /** 32 bytes. */
  readonly storageRoot: Uint8Array
}

/** As it stands in the account trie: nonce, balance, storage root, code hash. */
export function encodeTrieAccount({
  nonce,
  balance,
  storageRoot,
  codeHash
}: StoredAccount): Uint8Array {
  return encodeFields([
    bigintToBytes(nonce),
    bigintToBytes(balance),
    storageRoot,
    codeHash ?? EMPTY_CODE_HASH
  ])
}

/** As a flat entry: an empty root and an empty code hash are left out. */
export function encodeSlimAccount({
  nonce,
  balance,
  storageRoot,
  codeHash
}: StoredAccount): Uint8Array {
  return encodeFields([
    bigintToBytes(nonce),
    bigintToBytes(balance),
    equalBytes(storageRoot, EMPTY_ROOT) ? EMPTY_BYTES : storageRoot,
    codeHash ?? EMPTY_BYTES
  ])
}

/** Reads either form. Throws RangeError when the bytes are no account. */
export function decodeAccount(bytes: Uint8Array): StoredAccount {
  const ends = fieldEnds(bytes)
  const field = (index: number) => bytes.slice(contentStart(bytes, ends[index]!), ends[index + 1])
  const storageRoot = field(2)
  const codeHash = field(3)
  const hasCode = codeHash.length > 0 && !equalBytes(codeHash, EMPTY_CODE_HASH)
  return {
    nonce: bytesToBigint(field(0)),
    balance: bytesToBigint(field(1)),
    storageRoot: storageRoot.length === 0 ? EMPTY_ROOT : storageRoot,
    codeHash: hasCode ? codeHash : undefined
  }
}

/** What the body of a diff's account says of storage and code; views of it. */
export interface SlimHashes {
  /** 32 bytes; undefined for the empty trie's. */
  readonly storageRoot: Uint8Array | undefined
  /** 32 bytes; undefined without code. */
  readonly codeHash: Uint8Array | undefined
}

/** Takes the one slim form an account has, and none of its other encodings. Throws RangeError. */
export function readSlimHashes(body: Uint8Array): SlimHashes {
  const ends = fieldEnds(body)
  assertInteger(body, contentStart(body, ends[0]!), ends[1]!, NONCE_BYTES_MAX)
  assertInteger(body, contentStart(body, ends[1]!), ends[2]!, BALANCE_BYTES_MAX)
  return {
    storageRoot: readSlimHash(body, contentStart(body, ends[2]!), ends[3]!, EMPTY_ROOT),
    codeHash: readSlimHash(body, contentStart(body, ends[3]!), ends[4]!, EMPTY_CODE_HASH)
  }
}

function assertInteger(bytes: Uint8Array, start: number, end: number, lengthMax: number): void {
  if (end - start > lengthMax) throw new RangeError('nonce or balance is too large')
  if (end > start && bytes[start] === 0) throw new RangeError('not in its one slim form')
}

/** The hash that stands there; nothing stands for the `empty` one. */
function readSlimHash(
  bytes: Uint8Array,
  start: number,
  end: number,
  empty: Uint8Array
): Uint8Array | undefined {
  if (start === end) return undefined
  if (end - start !== HASH_BYTES) throw new RangeError('a hash is not 32 bytes')
  const hash = bytes.subarray(start, end)
  if (equalBytes(hash, empty)) throw new RangeError('not in its one slim form')
  return hash
}

/** Where the first field starts, and where each one ends. */
function fieldEnds(bytes: Uint8Array): readonly number[] {
  let at = listStart(bytes)
  if (at < 0) throw new RangeError('not a list')
  const ends = [at]
  for (let index = 0; index < FIELDS_COUNT; index++) {
    if (at < bytes.length && isList(bytes, at)) throw new RangeError('a field is a list')
    at = itemEnd(bytes, at)
    if (at < 0) throw new RangeError('not a list of four')
    ends.push(at)
  }
  if (at !== bytes.length) throw new RangeError('not a list of four')
  return ends
}

/** The list of strings in RLP. Written here since it is hot: accounts are most of what a commit encodes. */
function encodeFields(fields: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const field of fields) length += headerLength(field) + field.length
  const listHeader = length > SHORT_LENGTH_MAX ? 2 : 1
  const encoded = new Uint8Array(listHeader + length)
  let at = 0
  if (listHeader === 2) encoded[at++] = LIST_START + SHORT_LENGTH_MAX + 1
  encoded[at++] = listHeader === 2 ? length : LIST_START + length
  for (const field of fields) {
    if (headerLength(field) === 1) encoded[at++] = STRING_START + field.length
    encoded.set(field, at)
    at += field.length
  }
  return encoded
}

/** A single byte below 80 is its own encoding. Throws RangeError for a field that no account has. */
function headerLength(field: Uint8Array): number {
  if (field.length > FIELD_BYTES_MAX) throw new RangeError(`a field of ${field.length} bytes`)
  return field.length === 1 && field[0]! < STRING_START ? 0 : 1
}
