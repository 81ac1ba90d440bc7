// What can be read of the state at one block, and what a block changes in it.
import { type Hex } from '../base/bytes.ts'

/** An account without its storage root, which only the state store computes. */
export interface Account {
  readonly nonce: bigint
  /** Wei. */
  readonly balance: bigint
  /** keccak-256 of the code; undefined for an account without code. */
  readonly codeHash: Uint8Array | undefined
}

/** Reads at one block. Keys are keccak-256 hashes of address and slot, 32 bytes. Throws StateError on damage. */
export interface StateView {
  readonly root: Hex
  account(addressHash: Uint8Array): Account | undefined
  /** The value without leading zeros; undefined when the slot is zero. */
  slot(addressHash: Uint8Array, slotHash: Uint8Array): Uint8Array | undefined
  /** The storage root of an account, or the empty trie's root. */
  storageRoot(addressHash: Uint8Array): Uint8Array
  code(codeHash: Uint8Array): Uint8Array | undefined
  /** A stored node of the account trie, or with an owner (an address hash) of its storage trie; a nibble a byte. */
  node(owner: Uint8Array | undefined, path: Uint8Array): Uint8Array | undefined
  /** Hears of a node that is not what its hash says, from whoever read it: it is mended meanwhile, where that can be. */
  noteDamage?(thrown: unknown): void
}

/** One slot after a block; an empty value deletes it. */
export interface SlotChange {
  readonly slotHash: Uint8Array
  /** Without leading zeros, at most 32 bytes. */
  readonly value: Uint8Array
}

/** One account after a block; undefined is a deleted account, which wipes its storage. */
export interface AccountChange {
  readonly addressHash: Uint8Array
  readonly account: Account | undefined
  /** True when the storage that stood before is wiped; the slots below are then all there is. */
  readonly storageCleared: boolean
  /** Sorted by slot hash, unique. */
  readonly slots: readonly SlotChange[]
}

/** All that a block changes: accounts sorted by address hash, unique, and the codes new in it. */
export interface StateChanges {
  readonly accounts: readonly AccountChange[]
  readonly codes: readonly Uint8Array[]
}

/** A block as the state store knows it. */
export interface StatePoint {
  readonly number: bigint
  readonly hash: Hex
  readonly root: Hex
}
