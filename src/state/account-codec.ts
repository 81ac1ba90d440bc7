// Accounts in bytes: the trie's four fields (yellow paper, 4.1), and the slim form of flat entries (snap).
import { RLP } from '@ethereumjs/rlp'
import { bigintToBytes, bytesToBigint, EMPTY_BYTES, equalBytes } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { EMPTY_ROOT } from '../trie/trie.ts'
import { type Account } from './state-view.ts'

/** keccak-256 of no code. */
export const EMPTY_CODE_HASH: Uint8Array = keccak256(EMPTY_BYTES)

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
  return RLP.encode([
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
  return RLP.encode([
    bigintToBytes(nonce),
    bigintToBytes(balance),
    equalBytes(storageRoot, EMPTY_ROOT) ? EMPTY_BYTES : storageRoot,
    codeHash ?? EMPTY_BYTES
  ])
}

/** Reads either form. Throws RangeError when the bytes are no account. */
export function decodeAccount(bytes: Uint8Array): StoredAccount {
  const fields = RLP.decode(bytes)
  if (!Array.isArray(fields) || fields.length !== 4) throw new RangeError('not a list of four')
  const [nonce, balance, storageRoot, codeHash] = fields
  const isBytes =
    nonce instanceof Uint8Array &&
    balance instanceof Uint8Array &&
    storageRoot instanceof Uint8Array &&
    codeHash instanceof Uint8Array
  if (!isBytes) throw new RangeError('a field is a list')
  const hasCode = codeHash.length > 0 && !equalBytes(codeHash, EMPTY_CODE_HASH)
  return {
    nonce: bytesToBigint(nonce),
    balance: bytesToBigint(balance),
    storageRoot: storageRoot.length === 0 ? EMPTY_ROOT : storageRoot,
    codeHash: hasCode ? codeHash : undefined
  }
}
