// Both databases of a node, begun with the genesis or continued; and the genesis block, which needs its state.
import { join } from 'node:path'
import { hexToBytes } from '../base/bytes.ts'
import { type Clock } from '../base/clock.ts'
import { keccak256 } from '../base/keccak.ts'
import { type Log, silentLog } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { type Block } from '../chain/blocks/block.ts'
import { genesisBlock, MESSAGE_PASSER } from '../chain/genesis/genesis-block.ts'
import { type Genesis } from '../chain/genesis/genesis.ts'
import { type ChainStores, openChain } from '../chain/stored/open-chain.ts'
import { type SignerSchedule } from '../chain/blocks/signer-schedule.ts'
import { genesisChanges } from '../execution/genesis-state.ts'
import { createJournal, type Journal, type JournalFinding } from '../state/journal.ts'
import { StateStore, type StateStoreOptions } from '../state/state-store.ts'
import { openLevelStore } from '../store/level-store.ts'
import { openPatientStore, type Patience } from '../store/patient-store.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { type KeyValueStore } from '../store/key-value-store.ts'
import { CHAIN_DATABASE, type DatabaseSchema, STATE_DATABASE } from '../store/keys.ts'
import { assertDataDirectory, PLACES } from '../config/node-directory.ts'

/** Everything that lies in a data directory, open. */
export interface OpenStores extends ChainStores {
  readonly genesis: Block
  readonly chainStore: KeyValueStore
  readonly state: StateStore
  readonly journal: Journal
  /** What became of the journal of the last stop. */
  readonly journalFinding: JournalFinding
  /** Replaces the state by that of genesis; the blocks stay. */
  readonly resetState: () => Promise<void>
  close: () => Promise<void>
}

/** How the databases are opened. */
export interface DatabaseOptions {
  /** Left out: a write that fails fails, and the database takes no more. */
  readonly patience?: Patience
  /** Entry files that each keeps open. */
  readonly storeFilesMax?: number
}

function openDatabase(
  path: string,
  schema: DatabaseSchema,
  { patience, storeFilesMax }: DatabaseOptions
): Promise<KeyValueStore> {
  const options = storeFilesMax === undefined ? {} : { maxOpenFiles: storeFilesMax }
  if (patience === undefined) return openLevelStore(path, schema, options)
  return openPatientStore(path, schema, patience, options)
}

/** Throws StoreError for a directory that cannot be had, ChainError for another chain's. */
export async function openStores(
  dataDir: string,
  { genesis, schedule }: { readonly genesis: Genesis; readonly schedule: SignerSchedule },
  {
    clock,
    log,
    stateLimits,
    ...databases
  }: {
    readonly clock: Clock
    readonly log: Log
    readonly stateLimits?: Partial<StateStoreOptions>
  } & DatabaseOptions
): Promise<OpenStores> {
  await assertDataDirectory(dataDir)
  const block = await computeGenesisBlock(genesis)
  const open = (place: string, schema: DatabaseSchema) =>
    openDatabase(join(dataDir, place), schema, databases)
  const chainStore = await open(PLACES.chain, CHAIN_DATABASE)
  let stateStore: KeyValueStore
  try {
    stateStore = await open(PLACES.state, STATE_DATABASE)
  } catch (thrown) {
    await chainStore.close()
    throw thrown
  }
  const close = async () => {
    await stateStore.close()
    await chainStore.close()
  }
  try {
    const chain = await openChain(chainStore, { genesis: block, schedule }, { log })
    let isJournalRead = false
    const discardJournal = () => {
      // What is written before is the state at genesis: the journal may be all that is left of another.
      if (!isJournalRead) return
      journal.discard().catch((thrown: unknown) => {
        log.warn('journal-not-discarded', { reason: errorMessage(thrown) })
      })
    }
    const state = new StateStore(
      { store: stateStore, log, clock, onFlushed: discardJournal },
      stateLimits
    )
    const journal = createJournal({ state, clock, log }, join(dataDir, PLACES.journal))
    const resetState = async () => {
      await state.resetToGenesis({
        changes: genesisChanges(genesis.alloc),
        number: 0n,
        hash: block.hash
      })
    }
    if (state.diskPoint() === undefined) await resetState()
    const journalFinding = await journal.takeIn()
    isJournalRead = true
    const opened = { ...chain, genesis: block, chainStore, state, resetState, close }
    return { ...opened, journal, journalFinding }
  } catch (thrown) {
    await close()
    throw thrown
  }
}

/** The block's state root is only known once its state was computed, which happens in memory. */
export async function computeGenesisBlock(genesis: Genesis): Promise<Block> {
  const state = new StateStore({ store: createMemoryStore(), log: silentLog })
  const changes = genesisChanges(genesis.alloc)
  const hash = '0x'
  const stateRoot = await state.resetToGenesis({ changes, number: 0n, hash })
  const messagePasserRoot = state.view(hash)?.storageRoot(keccak256(hexToBytes(MESSAGE_PASSER)))
  if (messagePasserRoot === undefined) throw new Error('the genesis state is not readable')
  return genesisBlock(genesis, { stateRoot, messagePasserRoot })
}
