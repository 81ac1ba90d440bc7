// Both databases of a node, opened in spite of damage: what chain/ has lost is noted, and state/ is begun anew.
import { join } from 'node:path'
import { type ChainLossMark, openChainLoss } from '../backups/chain-loss.ts'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { type Block } from '../chain/blocks/block.ts'
import { findChainLoss } from '../chain/stored/mend-chain.ts'
import { PLACES } from '../config/node-directory.ts'
import { readPoint } from '../state/flush-batch.ts'
import { StateError } from '../state/state-error.ts'
import { wipeStore } from '../state/wipe-store.ts'
import { type KeyValueStore } from '../store/key-value-store.ts'
import {
  CHAIN_DATABASE,
  type DatabaseSchema,
  soleKey,
  STATE_DATABASE,
  STATE_PREFIX
} from '../store/keys.ts'
import { openLevelStore } from '../store/level-store.ts'
import {
  beginAnewAside,
  type MendedStore,
  openMendedStore,
  setAside
} from '../store/mended-store.ts'
import { openPatientStore, type Patience, type RenewableStore } from '../store/patient-store.ts'
import { isStoreDamaged, type StoreError } from '../store/store-error.ts'
import { writeMark } from '../store/store-marks.ts'

/** How the databases are opened. */
export interface DatabaseOptions {
  /** Left out: a write that fails fails, and the database takes no more. */
  readonly patience?: Patience
  /** Entry files that each keeps open. */
  readonly storeFilesMax?: number
  /** Hears of damage that lets nothing be written any more: the next start mends it. */
  readonly onDamaged?: (error: StoreError) => void
}

/** Open, and mended as far as it takes no peer. */
export interface OpenDatabases {
  readonly chainStore: KeyValueStore
  readonly loss: ChainLossMark
  readonly stateStore: {
    readonly store: KeyValueStore
    /** Empties it; where it cannot be read any more it is set aside. */
    readonly wipe: () => Promise<void>
    /** The next start sets it aside. */
    readonly spoil: (reason: string) => Promise<void>
  }
  readonly close: () => Promise<void>
}

/** Throws StoreError for a database that cannot be had, or not be mended. */
export async function openDatabases(
  dataDir: string,
  genesis: Block,
  options: DatabaseOptions & { readonly log: Log }
): Promise<OpenDatabases> {
  const {
    store: chainStore,
    loss,
    close: closeChain
  } = await openChainDatabase(join(dataDir, PLACES.chain), genesis, options)
  try {
    const stateStore = await openStateDatabase(dataDir, options)
    const close = async () => {
      await stateStore.close()
      await closeChain()
    }
    return { chainStore, loss, stateStore, close }
  } catch (thrown) {
    await closeChain()
    throw thrown
  }
}

/** Repaired out of its own tables. What may be lost with others is noted before anything goes by it. */
async function openChainDatabase(
  path: string,
  genesis: Block,
  options: DatabaseOptions & { readonly log: Log }
): Promise<Pick<MendedStore, 'store' | 'close'> & { readonly loss: ChainLossMark }> {
  const { log } = options
  const { store, damage, noted, close } = await openMendedStore(path, CHAIN_DATABASE, {
    log,
    open: (knownSchema) => openDatabase(path, CHAIN_DATABASE, { ...options, knownSchema })
  })
  try {
    const loss = openChainLoss(store)
    const isRepaired = damage !== undefined
    const { found, mend } = await findChainLoss({ store, genesis, log }, { isRepaired })
    if (found.length > 0) {
      await loss.note()
      await mend()
    }
    await noted()
    return { store, loss, close }
  } catch (thrown) {
    await close()
    throw thrown
  }
}

/** Set aside where it cannot be opened: its content is rebuilt from blocks, diffs and peers. */
async function openStateDatabase(
  dataDir: string,
  options: DatabaseOptions & { readonly log: Log }
): Promise<OpenDatabases['stateStore'] & Pick<MendedStore, 'close'>> {
  const { log } = options
  const path = join(dataDir, PLACES.state)
  const setAsideIn = join(dataDir, PLACES.setAside)
  let opened: RenewableStore | undefined
  const { store, close } = await openMendedStore(path, STATE_DATABASE, {
    log,
    setAsideIn,
    async open(knownSchema) {
      const database = await openDatabase(path, STATE_DATABASE, { ...options, knownSchema })
      if ('beginAnew' in database) opened = database
      return database
    }
  })
  const wipe = async () => {
    try {
      await wipeStore(store)
    } catch (thrown) {
      if (!isStoreDamaged(thrown) || opened === undefined) throw thrown
      const reason = errorMessage(thrown)
      await opened.beginAnew(() => setAside(path, setAsideIn, { log, reason }))
    }
  }
  try {
    await forgetDamagedPoint(store, log)
    return { store, wipe, spoil: (reason) => writeMark(path, 'spoiled', reason), close }
  } catch (thrown) {
    await close()
    throw thrown
  }
}

/** Without it nobody knows of which block the state is: it is begun anew. */
async function forgetDamagedPoint(store: KeyValueStore, log: Log): Promise<void> {
  try {
    readPoint(store)
  } catch (thrown) {
    if (!(thrown instanceof StateError)) throw thrown
    log.warn('state-begun-anew', { reason: thrown.message })
    const key = soleKey(STATE_PREFIX.point)
    await store.batch([{ type: 'del', key }], { sync: true })
  }
}

function openDatabase(
  path: string,
  schema: DatabaseSchema,
  {
    patience,
    storeFilesMax,
    knownSchema,
    onDamaged
  }: DatabaseOptions & { readonly knownSchema?: string | undefined }
): Promise<KeyValueStore | RenewableStore> {
  const options = {
    knownSchema,
    onDamaged,
    ...(storeFilesMax !== undefined && { maxOpenFiles: storeFilesMax })
  }
  if (patience === undefined) return openLevelStore(path, schema, options)
  return openPatientStore(path, schema, patience, options)
}

/**
 * Sets chain/ aside, of which so much is lost that nothing proves what chain it is of: it is begun anew, with its loss noted,
 * and fetched again. Throws StoreError.
 */
export async function beginChainAnew(
  dataDir: string,
  { log, reason }: { readonly log: Log; readonly reason: string }
): Promise<void> {
  await beginAnewAside(join(dataDir, PLACES.chain), join(dataDir, PLACES.setAside), { log, reason })
}
