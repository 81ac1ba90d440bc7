// Consecutive state diffs as one set of changes (protocols/state-diffs-by-range, "Several diffs in one step").
import {
  codeHashesOf,
  type DiffAccount,
  type StateDiff
} from '../../protocols/state-diffs-by-range/state-diff.ts'
import { bytesToHex, equalBytes, type Hex } from '../base/bytes.ts'
import { errorMessage } from '../base/node-error.ts'
import { keccak256 } from '../base/keccak.ts'
import { decodeAccount, encodeSlimAccount, type StoredAccount } from './account-codec.ts'
import { DiffError } from './diff-error.ts'
import { bytesToKey } from './entry-key.ts'
import { type PreparedLayer } from './layer.ts'
import { type SlotChange, type StateChanges, type StateView } from './state-view.ts'

const HASH_BYTES = 32
const NONCE_MAX = 2n ** 64n - 1n
const BALANCE_MAX = 2n ** 256n - 1n

interface MergedAccount {
  readonly addressHash: Uint8Array
  account: StoredAccount | undefined
  storageCleared: boolean
  /** By slot hash as characters, which sort as the bytes do. */
  readonly slots: Map<string, SlotChange>
}

/** The diffs of blocks that follow each other, on the state before the first of them. */
export class MergedDiffs {
  readonly #before: Pick<StateView, 'account'>
  /** By address hash as characters. */
  readonly #accounts = new Map<string, MergedAccount>()
  readonly #codes = new Map<Hex, Uint8Array>()

  constructor(before: Pick<StateView, 'account'>) {
    this.#before = before
  }

  /** The next block's diff, of checked form. Throws DiffError, StateDiffError: then all of it is useless. */
  add(diff: StateDiff): void {
    const newCodes = new Map(
      codeHashesOf(diff, keccak256).map((hash, at) => [bytesToHex(hash), diff.codes[at]!])
    )
    const referenced = new Set<Hex>()
    for (const change of diff.accounts) {
      const account = change.body.length === 0 ? undefined : decodeBody(change)
      if (account?.codeHash !== undefined) {
        const codeHash = bytesToHex(account.codeHash)
        referenced.add(codeHash)
        this.#assertCodeKnown(change, account.codeHash, newCodes.has(codeHash))
      }
      this.#merge(change, account)
    }
    for (const [codeHash, code] of newCodes) {
      if (!referenced.has(codeHash)) throw new DiffError({ code: 'code-unreferenced', codeHash })
      this.#codes.set(codeHash, code)
    }
  }

  /** All that was added, as the state store takes it. */
  changes(): StateChanges {
    const accounts = inKeyOrder(this.#accounts).map(
      ({ addressHash, account, storageCleared, slots }) => {
        return { addressHash, account, storageCleared, slots: inKeyOrder(slots) }
      }
    )
    return { accounts, codes: [...this.#codes.values()] }
  }

  /** Throws DiffError unless every storage root that was computed is the one in the account's last body. */
  assertStorageRoots({ storageRoot }: Pick<PreparedLayer, 'storageRoot'>): void {
    for (const { addressHash, account } of this.#accounts.values()) {
      if (account === undefined) continue
      const computed = storageRoot(addressHash)
      if (equalBytes(computed, account.storageRoot)) continue
      throw new DiffError({
        code: 'storage-root-wrong',
        account: bytesToHex(addressHash),
        claimed: bytesToHex(account.storageRoot),
        computed: bytesToHex(computed)
      })
    }
  }

  #merge(
    { addressHash, storageCleared, slots }: DiffAccount,
    account: StoredAccount | undefined
  ): void {
    const key = bytesToKey(addressHash)
    let merged = this.#accounts.get(key)
    if (merged === undefined) {
      merged = { addressHash, account, storageCleared, slots: new Map() }
      this.#accounts.set(key, merged)
    }
    merged.account = account
    if (storageCleared) {
      merged.storageCleared = true
      merged.slots.clear()
    }
    for (const { slotHash, value } of slots) {
      const slot = bytesToKey(slotHash)
      if (value.length === 0 && merged.storageCleared) merged.slots.delete(slot)
      else merged.slots.set(slot, { slotHash, value })
    }
  }

  /** A code hash that the account did not have before the block comes with its code. */
  #assertCodeKnown(
    { addressHash }: DiffAccount,
    codeHash: Uint8Array,
    isBroughtAlong: boolean
  ): void {
    if (isBroughtAlong) return
    const merged = this.#accounts.get(bytesToKey(addressHash))
    const before = merged === undefined ? this.#before.account(addressHash) : merged.account
    if (before?.codeHash !== undefined && equalBytes(before.codeHash, codeHash)) return
    throw new DiffError({
      code: 'new-code-missing',
      account: bytesToHex(addressHash),
      codeHash: bytesToHex(codeHash)
    })
  }
}

/** Order of latin1 strings is order of bytes. */
function inKeyOrder<T>(map: ReadonlyMap<string, T>): T[] {
  return [...map].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, value]) => value)
}

/** The account of a body that is not empty; only its one slim form is taken. */
function decodeBody({ addressHash, body }: DiffAccount): StoredAccount {
  const refuse = (reason: string, cause?: unknown) =>
    new DiffError({ code: 'body-invalid', account: bytesToHex(addressHash), reason }, { cause })
  let account: StoredAccount
  try {
    account = decodeAccount(body)
  } catch (thrown) {
    throw refuse(errorMessage(thrown), thrown)
  }
  const { nonce, balance, storageRoot, codeHash } = account
  if (nonce > NONCE_MAX || balance > BALANCE_MAX) throw refuse('nonce or balance is too large')
  const hashes = codeHash === undefined ? [storageRoot] : [storageRoot, codeHash]
  if (hashes.some(({ length }) => length !== HASH_BYTES)) throw refuse('a hash is not 32 bytes')
  if (!equalBytes(encodeSlimAccount(account), body)) throw refuse('not in its one slim form')
  return account
}
