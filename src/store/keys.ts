// Every key of both databases: the first byte says what an entry is (src/store/README.md, "Decisions").
import { type Hex, hexToBytes } from '../base/bytes.ts'

/** Which database, and in which layout; a change of any key or value below raises the version. */
export interface DatabaseSchema {
  /** Lower-case letters. */
  readonly name: string
  readonly schemaVersion: number
}

/** Blocks, what was accepted, and what has to survive a restart beside them. */
export const CHAIN_DATABASE: DatabaseSchema = { name: 'chain', schemaVersion: 2 }

/** In both databases: text `name/version`. */
export const SCHEMA_KEY: Uint8Array = new Uint8Array(Buffer.from('!schema', 'latin1'))

/**
 * The first bytes of `chain/`. Numbers are u64 big-endian, so that order of keys is order of heights. Every
 * value stands behind a checksum (checked-value.ts).
 */
export const CHAIN_PREFIX = {
  /** height → the accepted hashes there, oldest first, each with its signer (chain/stored/accepted-index.ts). */
  accepted: firstByte('a'),
  /** hash → version, signer and block message (chain/blocks/block-content.ts). */
  content: firstByte('b'),
  /** height → nothing, where more than one block was accepted (chain/stored/accepted-index.ts). */
  contested: firstByte('o'),
  /** nothing → hash of the canonical head. */
  head: firstByte('c'),
  /** height → state diff of the canonical block, SSZ (protocols/state-diffs-by-range). */
  diff: firstByte('d'),
  /** hash → header in RLP. */
  header: firstByte('h'),
  /** name → JSON of another folder (chain/stored/named-value.ts). */
  named: firstByte('m'),
  /** height → hash of the canonical block. */
  canonical: firstByte('n'),
  /** hash → receipts in RLP. */
  receipts: firstByte('r'),
  /** hash → why the block was set aside. */
  setAside: firstByte('s'),
  /** transaction hash → height and index in the canonical chain. */
  transaction: firstByte('t')
} as const

/** State at one block: flat entries, trie nodes by path, codes. */
export const STATE_DATABASE: DatabaseSchema = { name: 'state', schemaVersion: 1 }

/** The first bytes of `state/`. Flat entries stand behind a checksum; nodes and codes are checked by hash. */
export const STATE_PREFIX = {
  /** address hash → account in slim RLP. */
  account: firstByte('A'),
  /** code hash → code. */
  code: firstByte('C'),
  /** nothing → how far a state that is fetched in ranges has come (state/). */
  join: firstByte('J'),
  /** nothing → number, hash and root of the block this state is of, JSON. */
  point: firstByte('P'),
  /** address hash ++ slot hash → value without leading zeros. */
  slot: firstByte('S'),
  /** path, one hex digit a nibble → node of the account trie. */
  accountNode: firstByte('T'),
  /** address hash ++ path → node of that account's storage trie. */
  storageNode: firstByte('U')
} as const

/** `prefix ++ hash`. Throws BytesError unless it has 32 bytes. */
export function hashKey(prefix: number, hash: Hex): Uint8Array {
  const key = new Uint8Array(33)
  key[0] = prefix
  key.set(hexToBytes(hash, 32), 1)
  return key
}

/** `prefix ++ number`. Throws RangeError unless it is a u64. */
export function numberKey(prefix: number, number: bigint): Uint8Array {
  if (BigInt.asUintN(64, number) !== number) throw new RangeError(`${number} is no u64`)
  const key = new Uint8Array(9)
  key[0] = prefix
  new DataView(key.buffer).setBigUint64(1, number, false)
  return key
}

/** The number in a key that numberKey made. */
export function numberOfKey(key: Uint8Array): bigint {
  return new DataView(key.buffer, key.byteOffset, key.byteLength).getBigUint64(1, false)
}

/** `prefix ++ name`. Throws RangeError unless the name is 1 to 64 of a-z, 0-9 and "-". */
export function nameKey(prefix: number, name: string): Uint8Array {
  if (!/^[a-z0-9-]{1,64}$/.test(name)) throw new RangeError(`"${name}" names no entry`)
  return new Uint8Array(Buffer.from(`${String.fromCharCode(prefix)}${name}`, 'latin1'))
}

/** The key of the only entry with this prefix. */
export function soleKey(prefix: number): Uint8Array {
  return Uint8Array.of(prefix)
}

function firstByte(letter: string): number {
  return letter.charCodeAt(0)
}
