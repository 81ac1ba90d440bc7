// What a block changed, out of all that its execution touched.
import { type Account } from '@ethereumjs/util'
import { bytesToHex, equalBytes, hexToBytes, type Hex } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { type AccountChange, type StateChanges, type StateView } from '../state/state-view.ts'
import { EMPTY_CODE_HASH } from '../state/account-codec.ts'

/** One account as this block sees it; replaced, never changed in place, so that undo can put it back. */
export interface AccountEntry {
  readonly account: Account | undefined
  /** False for what was only read. */
  readonly isChanged: boolean
}

/** What was written to one account's storage. */
export interface StorageEntry {
  /** True when what stood before this block, or before a wipe in it, counts no more. */
  isCleared: boolean
  /** Slot (hex of 32 bytes) to value without leading zeros, written in this block. */
  slots: Map<Hex, Uint8Array>
}

/** One account that was read or written, with its storage where that was written. */
export interface TouchedAccount extends AccountEntry {
  readonly addressHash: Uint8Array
  readonly storage: StorageEntry | undefined
}

/** Accounts and slots in the order of their hashes; what was only read, or came and went, is left out. */
export function collectChanges(
  view: Pick<StateView, 'account'>,
  touched: readonly TouchedAccount[],
  newCodes: ReadonlyMap<Hex, Uint8Array>
): StateChanges {
  const accounts: AccountChange[] = []
  const codes = new Map<Hex, Uint8Array>()
  for (const entry of touched) {
    const { account, addressHash, isChanged, storage } = entry
    const hasStorage = storage !== undefined && (storage.isCleared || storage.slots.size > 0)
    if (!isChanged && !hasStorage) continue
    if (account === undefined && view.account(addressHash) === undefined) continue
    accounts.push(toChange(entry))
    const codeHash = account && bytesToHex(account.codeHash)
    const code = codeHash && newCodes.get(codeHash)
    if (codeHash !== undefined && code !== undefined) codes.set(codeHash, code)
  }
  accounts.sort((a, b) => Buffer.compare(a.addressHash, b.addressHash))
  return { accounts, codes: [...codes.values()] }
}

function toChange({ account, addressHash, storage }: TouchedAccount): AccountChange {
  if (account === undefined) {
    return { addressHash, account: undefined, storageCleared: true, slots: [] }
  }
  const slots = [...(storage?.slots ?? [])].map(([slot, value]) => {
    return { slotHash: keccak256(hexToBytes(slot)), value }
  })
  slots.sort((a, b) => Buffer.compare(a.slotHash, b.slotHash))
  const { nonce, balance, codeHash } = account
  const hasCode = !equalBytes(codeHash, EMPTY_CODE_HASH)
  return {
    addressHash,
    account: { nonce, balance, codeHash: hasCode ? codeHash : undefined },
    storageCleared: storage?.isCleared ?? false,
    slots
  }
}
