// A state of known accounts, slots and codes in a store of its own, and what serves it.
import { type AnswerTurns } from '../../src/base/answer-turns.ts'
import { bigintToBytes, compareBytes, type Hex, hexToBytes } from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { silentLog } from '../../src/base/log.ts'
import { createStateRanges, type StateRanges } from '../../src/state/state-ranges.ts'
import { StateStore } from '../../src/state/state-store.ts'
import { type AccountChange } from '../../src/state/state-view.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import { testHash } from './state-model.ts'

/** How many of each; all of them follow from the numbers alone. */
export interface ServedStateSize {
  readonly accountsCount: number
  /** The first accounts are contracts, with so many slots each. */
  readonly slotsCounts: readonly number[]
}

/** A state that is served. */
export interface ServedStateFixture {
  readonly root: Uint8Array
  readonly store: StateStore
  readonly ranges: StateRanges
  /** Ascending by address hash. */
  readonly accounts: readonly AccountChange[]
  readonly codes: readonly Uint8Array[]
}

/** The hash of the state's block. */
export const SERVED_BLOCK_HASH: Hex = `0x${'ab'.repeat(32)}`

/** Bytes that end a stretch of keys. */
export const LAST_KEY: Uint8Array = new Uint8Array(32).fill(0xff)
/** Bytes that begin one. */
export const FIRST_KEY: Uint8Array = new Uint8Array(32)

/** Turns without an end: nothing waits, and no time is spent. */
export const ENDLESS_TURNS: AnswerTurns = { isSpent: false, pause: () => undefined }

/** Builds and serves it. */
export async function createServedState({
  accountsCount,
  slotsCounts
}: ServedStateSize): Promise<ServedStateFixture> {
  const codes = slotsCounts.map((_, at) => bigintToBytes(BigInt(0x60_00 + at), 40 + at))
  const accounts = Array.from({ length: accountsCount }, (_, at) =>
    toAccount(at, slotsCounts, codes)
  )
  accounts.sort((one, other) => compareBytes(one.addressHash, other.addressHash))
  const store = new StateStore({ store: createMemoryStore(), log: silentLog })
  const changes = { accounts, codes }
  const root = await store.resetToGenesis({ changes, number: 0n, hash: SERVED_BLOCK_HASH })
  return { root: hexToBytes(root), store, ranges: createStateRanges(store), accounts, codes }
}

function toAccount(
  at: number,
  slotsCounts: readonly number[],
  codes: readonly Uint8Array[]
): AccountChange {
  const code = codes[at]
  const slots = Array.from({ length: slotsCounts[at] ?? 0 }, (_, slot) => ({
    slotHash: testHash(1_000_000 + slot),
    value: bigintToBytes(BigInt(slot) * 77n + 1n)
  }))
  slots.sort((one, other) => compareBytes(one.slotHash, other.slotHash))
  return {
    addressHash: testHash(at),
    account: {
      nonce: BigInt(at),
      balance: BigInt(at) * 10n ** 15n + 1n,
      codeHash: code && keccak256(code)
    },
    storageCleared: false,
    slots
  }
}
