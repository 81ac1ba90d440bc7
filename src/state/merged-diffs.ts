// Consecutive state diffs as one set of changes (protocols/state-diffs-by-range, "Several diffs in one step").
import {
  codeHashesOf,
  type DiffAccount,
  type StateDiff
} from '../../protocols/state-diffs-by-range/state-diff.ts'
import { bytesToHex, equalBytes, type Hex } from '../base/bytes.ts'
import { errorMessage } from '../base/node-error.ts'
import { keccak256 } from '../base/keccak.ts'
import { decodeAccount, readSlimHashes, type SlimHashes } from './account-codec.ts'
import { DiffError } from './diff-error.ts'
import { bytesToKey } from './entry-key.ts'
import { type PreparedLayer } from './layer.ts'
import { EMPTY_ROOT } from '../trie/trie.ts'
import { type SlotChange, type StateChanges, type StateView } from './state-view.ts'

interface MergedAccount {
  readonly addressHash: Uint8Array
  /** The last one, in slim form; empty when the account was deleted. */
  body: Uint8Array
  /** What that says; nothing of a deleted account. */
  hashes: SlimHashes
  storageCleared: boolean
  /** By slot hash as characters, which sort as the bytes do. */
  readonly slots: Map<string, SlotChange>
}

const NO_HASHES: SlimHashes = { storageRoot: undefined, codeHash: undefined }

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
      const hashes = change.body.length === 0 ? NO_HASHES : readBody(change)
      if (hashes.codeHash !== undefined) {
        const codeHash = bytesToHex(hashes.codeHash)
        referenced.add(codeHash)
        this.#assertCodeKnown(change, hashes.codeHash, newCodes.has(codeHash))
      }
      this.#merge(change, hashes)
    }
    for (const [codeHash, code] of newCodes) {
      if (!referenced.has(codeHash)) throw new DiffError({ code: 'code-unreferenced', codeHash })
      this.#codes.set(codeHash, code)
    }
  }

  /** All that was added, as the state store takes it. */
  changes(): StateChanges {
    const accounts = inKeyOrder(this.#accounts).map(
      ({ addressHash, body, storageCleared, slots }) => {
        const account = body.length === 0 ? undefined : decodeAccount(body)
        return { addressHash, account, storageCleared, slots: inKeyOrder(slots) }
      }
    )
    return { accounts, codes: [...this.#codes.values()] }
  }

  /** Throws DiffError unless every storage root that was computed is the one in the account's last body. */
  assertStorageRoots({ storageRoot }: Pick<PreparedLayer, 'storageRoot'>): void {
    for (const { addressHash, body, hashes } of this.#accounts.values()) {
      if (body.length === 0) continue
      const claimed = hashes.storageRoot ?? EMPTY_ROOT
      const computed = storageRoot(addressHash)
      if (equalBytes(computed, claimed)) continue
      throw new DiffError({
        code: 'storage-root-wrong',
        account: bytesToHex(addressHash),
        claimed: bytesToHex(claimed),
        computed: bytesToHex(computed)
      })
    }
  }

  #merge({ addressHash, body, storageCleared, slots }: DiffAccount, hashes: SlimHashes): void {
    const key = bytesToKey(addressHash)
    let merged = this.#accounts.get(key)
    if (merged === undefined) {
      merged = { addressHash, body, hashes, storageCleared, slots: new Map() }
      this.#accounts.set(key, merged)
    }
    merged.body = body
    merged.hashes = hashes
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
    const before = merged === undefined ? this.#before.account(addressHash) : merged.hashes
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

/** The hashes in a body that is not empty; only an account's one slim form is taken. */
function readBody({ addressHash, body }: DiffAccount): SlimHashes {
  try {
    return readSlimHashes(body)
  } catch (thrown) {
    const account = bytesToHex(addressHash)
    const failure = { code: 'body-invalid', account, reason: errorMessage(thrown) } as const
    throw new DiffError(failure, { cause: thrown })
  }
}
