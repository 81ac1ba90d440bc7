// One block's state diff, and the one form it may have: what can be checked without a state (README.md, "Form").
import { type HashFunction } from '../hash-function.ts'
import { StateDiffError } from './state-diff-error.ts'

/** One slot after the block. */
export interface DiffSlot {
  /** keccak-256 of the slot, 32 bytes. */
  readonly slotHash: Uint8Array
  /** Without leading zeros, at most 32 bytes; empty deletes the slot. */
  readonly value: Uint8Array
}

/** One account after the block. */
export interface DiffAccount {
  /** keccak-256 of the address, 32 bytes. */
  readonly addressHash: Uint8Array
  /** Slim RLP, at most 128 bytes; empty deletes the account. */
  readonly body: Uint8Array
  /** True when the storage that stood before is wiped: then the slots below are all there is. */
  readonly storageCleared: boolean
  /** In the order of their hashes, unique. */
  readonly slots: readonly DiffSlot[]
}

/** All that one block changes in the state, and its receipts. */
export interface StateDiff {
  /** At least 1: genesis has no diff. */
  readonly number: bigint
  /** 32 bytes. */
  readonly blockHash: Uint8Array
  /** 32 bytes. */
  readonly parentStateRoot: Uint8Array
  /** 32 bytes. */
  readonly stateRoot: Uint8Array
  /** In the order of their hashes, unique. */
  readonly accounts: readonly DiffAccount[]
  /** In the order of their keccak-256 hashes, unique. */
  readonly codes: readonly Uint8Array[]
  /** In consensus encoding, in the order of the transactions. */
  readonly receipts: readonly Uint8Array[]
}

/** Bounds of the lists. */
export const STATE_DIFF_LIMITS = {
  accountsMax: 2 ** 20,
  bodyMaxBytes: 128,
  slotsMax: 2 ** 20,
  valueMaxBytes: 32,
  codesMax: 2 ** 16,
  codeMaxBytes: 2 ** 24,
  receiptsMax: 2 ** 20,
  receiptMaxBytes: 2 ** 24
} as const

const HASH_BYTES = 32
const NUMBER_MAX = 2n ** 64n - 2n

/** Throws StateDiffError unless lengths, counts and order are right, and deletions explicit. */
export function checkStateDiff(diff: StateDiff): void {
  const limits = STATE_DIFF_LIMITS
  const { number, accounts, codes, receipts } = diff
  if (number < 1n || number > NUMBER_MAX) {
    throw new StateDiffError({ code: 'number-invalid', number })
  }
  for (const field of ['blockHash', 'parentStateRoot', 'stateRoot'] as const) {
    assertLength(field, diff[field], HASH_BYTES, HASH_BYTES)
  }
  assertCount('accounts', accounts, limits.accountsMax)
  assertCount('codes', codes, limits.codesMax)
  assertCount('receipts', receipts, limits.receiptsMax)
  for (const [at, account] of accounts.entries()) {
    checkAccount(account, at)
    const before = accounts[at - 1]
    if (before !== undefined && !isAbove(account.addressHash, before.addressHash)) {
      throw new StateDiffError({ code: 'accounts-unsorted', at })
    }
  }
  for (const code of codes) assertLength('code', code, 1, limits.codeMaxBytes)
  for (const receipt of receipts) assertLength('receipt', receipt, 1, limits.receiptMaxBytes)
}

/** The codes' hashes, in order. Throws StateDiffError unless they are sorted and unique. */
export function codeHashesOf({ codes }: StateDiff, keccak256: HashFunction): readonly Uint8Array[] {
  const hashes = codes.map((code) => keccak256(code))
  for (const [at, hash] of hashes.entries()) {
    const before = hashes[at - 1]
    if (before !== undefined && !isAbove(hash, before)) {
      throw new StateDiffError({ code: 'codes-unsorted', at })
    }
  }
  return hashes
}

function checkAccount(
  { addressHash, body, storageCleared, slots }: DiffAccount,
  account: number
): void {
  const { bodyMaxBytes, slotsMax, valueMaxBytes } = STATE_DIFF_LIMITS
  assertLength('addressHash', addressHash, HASH_BYTES, HASH_BYTES)
  assertLength('body', body, 0, bodyMaxBytes)
  assertCount('slots', slots, slotsMax)
  if (body.length === 0 && (!storageCleared || slots.length > 0)) {
    throw new StateDiffError({ code: 'deletion-incomplete', account })
  }
  for (const [at, { slotHash, value }] of slots.entries()) {
    assertLength('slotHash', slotHash, HASH_BYTES, HASH_BYTES)
    assertLength('value', value, 0, valueMaxBytes)
    const before = slots[at - 1]
    if (before !== undefined && !isAbove(slotHash, before.slotHash)) {
      throw new StateDiffError({ code: 'slots-unsorted', account, at })
    }
    if (value[0] === 0) throw new StateDiffError({ code: 'value-untrimmed', account, at })
    if (value.length === 0 && storageCleared) {
      throw new StateDiffError({ code: 'slot-deleted-twice', account, at })
    }
  }
}

function isAbove(hash: Uint8Array, before: Uint8Array): boolean {
  for (let at = 0; at < HASH_BYTES; at++) {
    if (hash[at] !== before[at]) return hash[at]! > before[at]!
  }
  return false
}

function assertLength(field: string, bytes: Uint8Array, min: number, max: number): void {
  if (bytes.length < min || bytes.length > max) {
    throw new StateDiffError({ code: 'length-invalid', field, lengthBytes: bytes.length })
  }
}

function assertCount(field: string, items: readonly unknown[], max: number): void {
  if (items.length > max) {
    throw new StateDiffError({ code: 'too-many-items', field, count: items.length })
  }
}
