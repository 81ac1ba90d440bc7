// What a block changed, as the state diff that is stored and served (protocols/state-diffs-by-range).
import {
  type DiffAccount,
  type StateDiff
} from '../../protocols/state-diffs-by-range/state-diff.ts'
import { bytesToHex, EMPTY_BYTES, hexToBytes, type Hex } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { encodeSlimAccount } from './account-codec.ts'
import { type AccountChange, type StateChanges } from './state-view.ts'

/** The block a diff is of. */
export interface DiffBlock {
  readonly number: bigint
  readonly hash: Hex
  readonly parentStateRoot: Hex
  readonly stateRoot: Hex
}

/** The one diff of these changes. `storageRoot` is that of the layer they give, `receipts` as their trie has them. */
export function changesToDiff(
  { number, hash, parentStateRoot, stateRoot }: DiffBlock,
  { accounts, codes }: StateChanges,
  storageRoot: (addressHash: Uint8Array) => Uint8Array,
  receipts: readonly Uint8Array[]
): StateDiff {
  const hashed = new Map(codes.map((code) => [bytesToHex(keccak256(code)), code]))
  const sorted = [...hashed].sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    number,
    blockHash: hexToBytes(hash),
    parentStateRoot: hexToBytes(parentStateRoot),
    stateRoot: hexToBytes(stateRoot),
    accounts: accounts.map((change) => toDiffAccount(change, storageRoot)),
    codes: sorted.map(([, code]) => code),
    receipts
  }
}

function toDiffAccount(
  { addressHash, account, storageCleared, slots }: AccountChange,
  storageRoot: (addressHash: Uint8Array) => Uint8Array
): DiffAccount {
  if (account === undefined) {
    return { addressHash, body: EMPTY_BYTES, storageCleared: true, slots: [] }
  }
  return {
    addressHash,
    body: encodeSlimAccount({ ...account, storageRoot: storageRoot(addressHash) }),
    storageCleared,
    // In wiped storage there is nothing left to delete.
    slots: storageCleared ? slots.filter(({ value }) => value.length > 0) : slots
  }
}
