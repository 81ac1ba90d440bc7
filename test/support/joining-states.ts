// States that change from block to block, and databases that end at a batch.
import { bytesToHex, type Hex, hexToBytes } from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { silentLog } from '../../src/base/log.ts'
import { type Random } from '../../src/base/random.ts'
import { StateStore } from '../../src/state/state-store.ts'
import {
  type AccountChange,
  type StateChanges,
  type StatePoint,
  type StateView
} from '../../src/state/state-view.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import { type KeyValueStore } from '../../src/store/key-value-store.ts'
import { type ModelAccount, type ModelState, testHash } from './state-model.ts'

const CODES = [1, 2, 3, 4].map((number) => new Uint8Array(40).fill(number))
const CODE_BY_HASH = new Map(CODES.map((code) => [bytesToHex(keccak256(code)), code]))

/** Hashes that lie anywhere, and some that share all but their last byte: their nodes stand within each other. */
function drawHash(random: Random, count: number): Hex {
  const index = random.below(count)
  if (index % 3 > 0) return bytesToHex(testHash(index))
  return bytesToHex(new Uint8Array(32).fill(0x5a).fill(index, 31))
}

/** Accounts and slots that there may be: the fewer, the more of them change. */
export interface DrawBounds {
  readonly accountsMax: number
  readonly slotsMax: number
}

/** Changes some of a state, as a block does; returns what changed. */
export function drawBlock(
  random: Random,
  model: ModelState,
  { accountsMax, slotsMax }: DrawBounds,
  changesMax: number
): StateChanges {
  const changes = new Map<Hex, AccountChange>()
  for (let count = 1 + random.below(changesMax); count > 0; count--) {
    const address = drawHash(random, accountsMax)
    if (!changes.has(address)) changes.set(address, drawAccount(random, model, address, slotsMax))
  }
  const accounts = [...changes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, change]) => change)
  return { accounts, codes: CODES }
}

function drawAccount(
  random: Random,
  model: ModelState,
  address: Hex,
  slotsMax: number
): AccountChange {
  const addressHash = hexToBytes(address)
  const known = model.get(address)
  if (known !== undefined && random.below(4) === 0) {
    model.delete(address)
    return { addressHash, account: undefined, storageCleared: true, slots: [] }
  }
  const storageCleared = known !== undefined && random.below(5) === 0
  const account: ModelAccount = {
    nonce: BigInt(random.below(1_000)),
    balance: BigInt(random.below(2 ** 31)),
    codeHash: random.below(3) === 0 ? keccak256(CODES[random.below(4)]!) : undefined,
    slots: new Map(storageCleared ? [] : known?.slots)
  }
  const slots = new Map<Hex, Uint8Array>()
  // Most have none, some many.
  for (let count = random.below(3) === 0 ? random.below(slotsMax) : 0; count > 0; count--) {
    const value = new Uint8Array(random.below(4) === 0 ? 0 : 1 + random.below(32)).fill(7)
    slots.set(drawHash(random, slotsMax), value)
  }
  for (const [slot, value] of slots) {
    if (value.length === 0) account.slots.delete(slot)
    else account.slots.set(slot, value)
  }
  model.set(address, account)
  const { nonce, balance, codeHash } = account
  const sorted = [...slots].sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    addressHash,
    account: { nonce, balance, codeHash },
    storageCleared,
    slots: sorted.map(([slot, value]) => ({ slotHash: hexToBytes(slot), value }))
  }
}

/** Everything that a state holds, as changes of an empty one. */
export function wholeState(model: ModelState): StateChanges {
  const codes = new Map<Hex, Uint8Array>()
  const accounts = [...model]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([address, { nonce, balance, codeHash, slots }]) => {
      if (codeHash !== undefined) {
        codes.set(bytesToHex(codeHash), CODE_BY_HASH.get(bytesToHex(codeHash)) ?? codeHash)
      }
      const sorted = [...slots].sort(([a], [b]) => (a < b ? -1 : 1))
      return {
        addressHash: hexToBytes(address),
        account: { nonce, balance, codeHash },
        storageCleared: false,
        slots: sorted.map(([slot, value]) => ({ slotHash: hexToBytes(slot), value }))
      }
    })
  return { accounts, codes: [...codes.values()] }
}

/** A chain of states, of which the newest few are served. */
export class ServedStates {
  readonly model: ModelState = new Map()
  readonly points: StatePoint[] = []
  /** Roots that are not served any more. */
  readonly gone = new Set<Hex>()
  readonly #random: Random
  readonly #bounds: DrawBounds
  readonly #views = new Map<Hex, StateView>()
  #state = new StateStore({ store: createMemoryStore(), log: silentLog })

  constructor(random: Random, bounds: DrawBounds) {
    this.#random = random
    this.#bounds = bounds
  }

  get newest(): StatePoint {
    const point = this.points.at(-1)
    if (point === undefined) throw new Error('there is no block yet')
    return point
  }

  view(root: Uint8Array): StateView | undefined {
    const hex = bytesToHex(root)
    return this.gone.has(hex) ? undefined : this.#views.get(hex)
  }

  /** The next block, with so many changed accounts at most. */
  async addBlock(changesMax: number): Promise<void> {
    await this.addChanges(drawBlock(this.#random, this.model, this.#bounds, changesMax))
  }

  /** The next block, with these changes; the model does not hear of them. */
  async addChanges(changes: StateChanges): Promise<void> {
    const number = BigInt(this.points.length)
    const hash = bytesToHex(testHash(1_000_000 + this.points.length))
    const root = await this.#write(changes, number, hash)
    this.points.push({ number, hash, root })
    const view = this.#state.view(hash)
    if (view === undefined) throw new Error('a state is not readable')
    this.#views.set(root, view)
  }

  /** No older state than the newest is served any more. */
  forgetOlder(): void {
    for (const { root } of this.points) if (root !== this.newest.root) this.gone.add(root)
    this.gone.delete(this.newest.root)
  }

  async #write(changes: StateChanges, number: bigint, hash: Hex): Promise<Hex> {
    const parent = this.points.at(-1)
    if (parent === undefined) return this.#state.resetToGenesis({ changes, number, hash })
    const prepared = await this.#state.prepare(parent.hash, changes)
    this.#state.add(prepared, { number, hash })
    return prepared.root
  }
}

/** Thrown for every write of a process that was killed. */
export class KilledError extends Error {}

/** The store of a process that is killed after so many batches; what was written by then is there. */
export function killedAfter(
  store: KeyValueStore,
  batchesMax: number
): KeyValueStore & { readonly batchesCount: () => number } {
  let count = 0
  return {
    get: (key) => store.get(key),
    iterate: (range) => store.iterate(range),
    snapshot: () => store.snapshot(),
    close: async () => undefined,
    batchesCount: () => count,
    async batch(operations, options) {
      if (count >= batchesMax) throw new KilledError('killed')
      count += 1
      await store.batch(operations, options)
    }
  }
}

/** All entries of a database, keys and values in hex, those of codes apart. */
export async function dump(store: KeyValueStore) {
  const entries = new Map<string, string>()
  const codes = new Map<string, string>()
  const range = { start: new Uint8Array(0), end: Uint8Array.of(0xff) }
  for await (const [key, value] of store.iterate(range)) {
    const target = key[0] === 'C'.charCodeAt(0) ? codes : entries
    target.set(Buffer.from(key).toString('latin1'), bytesToHex(value))
  }
  return { entries, codes }
}
