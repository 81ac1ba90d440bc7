// A state store with random layers above its disk layer, and what each block's state must be.
import { createManualClock } from './manual-clock.ts'
import { bytesToHex, type Hex } from '../../src/base/bytes.ts'
import { silentLog } from '../../src/base/log.ts'
import { createSeededRandom } from '../../src/base/random.ts'
import { createJournal, type Journal } from '../../src/state/journal.ts'
import { StateStore } from '../../src/state/state-store.ts'
import { type StateView } from '../../src/state/state-view.ts'
import { type KeyValueStore } from '../../src/store/key-value-store.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import { copyModel, drawChanges, type ModelState, testHash } from './state-model.ts'

/** Accounts that changes are drawn for. */
const ACCOUNTS = 12

/** A store, its journal, and the models of its blocks. */
export interface JournalledStore {
  readonly store: KeyValueStore
  readonly state: StateStore
  readonly journal: Journal
  /** By block hash. */
  readonly models: ReadonlyMap<Hex, ModelState>
  readonly hashes: readonly Hex[]
}

/** The hash of a block by its number. */
export function journalHash(number: number): Hex {
  return bytesToHex(testHash(9_000 + number))
}

/** Genesis on disk, and `layersCount` blocks above it in memory. */
export async function createJournalledStore(
  directory: string,
  { seed, layersCount }: { readonly seed: number; readonly layersCount: number }
): Promise<JournalledStore> {
  const random = createSeededRandom(seed)
  const store = createMemoryStore()
  const { state, journal } = openJournalledState(store, directory)
  const model: ModelState = new Map()
  const genesis = drawChanges(random, model, ACCOUNTS)
  await state.resetToGenesis({ changes: genesis, number: 0n, hash: journalHash(0) })
  const models = new Map([[journalHash(0), copyModel(model)]])
  const hashes = [journalHash(0)]
  for (let number = 1; number <= layersCount; number++) {
    const hash = journalHash(number)
    const changes = drawChanges(random, model, ACCOUNTS)
    state.add(await state.prepare(journalHash(number - 1), changes), {
      number: BigInt(number),
      hash
    })
    models.set(hash, copyModel(model))
    hashes.push(hash)
  }
  return { store, state, journal, models, hashes }
}

/** The same database, opened as the next process does. */
export function openJournalledState(store: KeyValueStore, directory: string) {
  const state = new StateStore({ store, log: silentLog })
  const journal = createJournal({ state, clock: createManualClock(), log: silentLog }, directory)
  return { state, journal }
}

/** The first difference between a view and its model; undefined when they agree. */
export function findViewDifference(
  view: StateView | undefined,
  model: ModelState | undefined
): string | undefined {
  if (view === undefined || model === undefined) return 'there is no view or no model'
  for (let index = 0; index < ACCOUNTS; index++) {
    const addressHash = testHash(index)
    const account = view.account(addressHash)
    const wanted = model.get(bytesToHex(addressHash))
    if (account?.nonce !== wanted?.nonce || account?.balance !== wanted?.balance) {
      return `account ${String(index)}`
    }
    for (let slot = 0; slot < 12; slot++) {
      const slotHash = testHash(1000 + slot)
      const value = view.slot(addressHash, slotHash)
      const wantedValue = wanted?.slots.get(bytesToHex(slotHash))
      if (Buffer.compare(value ?? new Uint8Array(), wantedValue ?? new Uint8Array()) !== 0) {
        return `slot ${String(slot)} of account ${String(index)}`
      }
    }
  }
  return undefined
}
