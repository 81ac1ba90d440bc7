// Both databases of a node, begun with the genesis or continued; and the genesis block, which needs its state.
import { join } from 'node:path'
import { hexToBytes } from '../base/bytes.ts'
import { type Clock } from '../base/clock.ts'
import { keccak256 } from '../base/keccak.ts'
import { type Log, silentLog } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { type Block } from '../chain/blocks/block.ts'
import { ChainError } from '../chain/blocks/chain-error.ts'
import { genesisBlock, MESSAGE_PASSER } from '../chain/genesis/genesis-block.ts'
import { type Genesis } from '../chain/genesis/genesis.ts'
import { type ChainStores, openChain } from '../chain/stored/open-chain.ts'
import { type SignerSchedule } from '../chain/blocks/signer-schedule.ts'
import { genesisChanges } from '../execution/genesis-state.ts'
import { createJournal, type Journal, type JournalFinding } from '../state/journal.ts'
import { isStateDamage } from '../state/state-error.ts'
import { StateStore, type StateStoreOptions } from '../state/state-store.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { type KeyValueStore } from '../store/key-value-store.ts'
import { isStoreDamaged } from '../store/store-error.ts'
import { assertDataDirectory, PLACES } from '../config/node-directory.ts'
import { type ChainLossMark } from '../backups/chain-loss.ts'
import {
  beginChainAnew,
  type DatabaseOptions,
  type OpenDatabases,
  openDatabases
} from './open-databases.ts'

/** Everything that lies in a data directory, open. */
export interface OpenStores extends ChainStores {
  readonly genesis: Block
  readonly chainStore: KeyValueStore
  /** Whether `chain/` may have lost what nobody knows of. */
  readonly loss: ChainLossMark
  readonly state: StateStore
  readonly journal: Journal
  /** What became of the journal of the last stop. */
  readonly journalFinding: JournalFinding
  /** Replaces the state by that of genesis; the blocks stay. */
  readonly resetState: () => Promise<void>
  /** Notes of what ended the node that its state is of no use, where it is that: the next start makes it anew. */
  readonly noteEnd: (thrown: unknown) => Promise<void>
  readonly close: () => Promise<void>
}

/** What the stores stand in. */
export interface StoreSurroundings extends DatabaseOptions {
  readonly clock: Clock
  readonly log: Log
  readonly stateLimits?: Partial<StateStoreOptions>
  /** True on a backup: a chain/ that has lost what proves whose it is may be begun anew, since the backup then joins. */
  readonly mayBeginAnew?: boolean
}

/** Opens of one start: what one finds out is mended by the next. */
const OPENS_MAX = 3

interface OpenedChain {
  readonly genesis: Genesis
  readonly schedule: SignerSchedule
  /** The first block. */
  readonly block: Block
}

/** Throws StoreError for a directory that cannot be had, ChainError for another chain's. */
export async function openStores(
  dataDir: string,
  chain: { readonly genesis: Genesis; readonly schedule: SignerSchedule },
  surroundings: StoreSurroundings
): Promise<OpenStores> {
  await assertDataDirectory(dataDir)
  const genesis = await computeGenesisBlock(chain.genesis)
  for (let opens = 1; opens < OPENS_MAX; opens++) {
    const opened = await openUnlessMendable(dataDir, { ...chain, block: genesis }, surroundings)
    if (opened !== undefined) return opened
  }
  return openOnce(dataDir, { ...chain, block: genesis }, surroundings)
}

/** Undefined where the next open finds it mended. */
async function openUnlessMendable(
  dataDir: string,
  chain: OpenedChain,
  surroundings: StoreSurroundings
): Promise<OpenStores | undefined> {
  try {
    return await openOnce(dataDir, chain, surroundings)
  } catch (thrown) {
    // LevelDB opened it, and met damage as it was read: noted by now, so that the next open reads every table.
    if (isStoreDamaged(thrown)) return undefined
    const isBegun = thrown instanceof ChainError && thrown.failure.code === 'genesis-missing'
    if (!isBegun || surroundings.mayBeginAnew !== true) throw thrown
    await beginChainAnew(dataDir, { log: surroundings.log, reason: errorMessage(thrown) })
    return undefined
  }
}

async function openOnce(
  dataDir: string,
  chain: OpenedChain,
  surroundings: StoreSurroundings
): Promise<OpenStores> {
  const databases = await openDatabases(dataDir, chain.block, surroundings)
  try {
    return await openOn(databases, { ...chain, dataDir }, surroundings)
  } catch (thrown) {
    await databases.close()
    throw thrown
  }
}

async function openOn(
  { chainStore, stateStore, loss, close }: OpenDatabases,
  { dataDir, block, genesis, schedule }: OpenedChain & { readonly dataDir: string },
  { clock, log, stateLimits }: StoreSurroundings
): Promise<OpenStores> {
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
    {
      store: stateStore.store,
      log,
      clock,
      onFlushed: discardJournal,
      wipe: () => stateStore.wipe()
    },
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
  if (state.diskPoint() === undefined && !state.isFetchUnderWay()) await resetState()
  const journalFinding = await journal.takeIn()
  isJournalRead = true
  const opened = { ...chain, genesis: block, chainStore, loss, state, resetState, close }
  const noteEnd = async (thrown: unknown) => {
    if (!isStateDamage(thrown)) return
    await stateStore.spoil(errorMessage(thrown)).catch((failure: unknown) => {
      log.error('state-not-marked', { reason: errorMessage(failure) })
    })
  }
  return { ...opened, journal, journalFinding, noteEnd }
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
