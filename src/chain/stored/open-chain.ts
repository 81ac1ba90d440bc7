// Opening the chain database: begun with a genesis, or the one that was begun with it.
import { bytesToHex } from '../../base/bytes.ts'
import { type Log, silentLog } from '../../base/log.ts'
import { SerialExecutor } from '../../base/serial.ts'
import { type KeyValueStore } from '../../store/key-value-store.ts'
import { CHAIN_PREFIX } from '../../store/keys.ts'
import { AcceptedStore } from './accepted-store.ts'
import { type Block } from '../blocks/block.ts'
import { BlockReader } from './block-reader.ts'
import { BlockStore } from './block-store.ts'
import { genesisOperations, readCanonical, readHead } from './canonical-entries.ts'
import { ChainError } from '../blocks/chain-error.ts'
import { readHistory } from './chain-history.ts'
import { DiffStore } from './diff-store.ts'
import { type SignerSchedule } from '../blocks/signer-schedule.ts'

/** The two views of one database; the message of a block is in it once. */
export interface ChainStores {
  readonly accepted: AcceptedStore
  readonly blocks: BlockStore
}

/** What the chain is. */
export interface ChainIdentity {
  readonly genesis: Block
  readonly schedule: SignerSchedule
}

/** How a chain is kept. */
export interface OpenChainOptions {
  readonly log?: Log
  /** Blocks whose state diffs are kept. */
  readonly diffsKept?: bigint
}

/** Writes to one chain database that may wait for one another; what brings more is told so. */
const WRITES_MAX = 1024

/**
 * Writes the genesis into a store without blocks. Throws ChainError `genesis-mismatch` when it was begun
 * with another one, `genesis-missing`, and what is wrong with its entries; StoreError. The store stays the
 * caller's to close.
 */
export async function openChain(
  store: KeyValueStore,
  { genesis, schedule }: ChainIdentity,
  { log = silentLog, diffsKept }: OpenChainOptions = {}
): Promise<ChainStores> {
  const stored = readCanonical(store, 0n)
  if (stored === undefined) {
    await assertUnbegun(store)
    await store.batch(genesisOperations(genesis), { sync: true })
  } else if (stored !== genesis.hash) {
    throw new ChainError({ code: 'genesis-mismatch', stored, configured: genesis.hash })
  }
  const reader = new BlockReader(store)
  const writes = new SerialExecutor('chain database', WRITES_MAX)
  const accepted = new AcceptedStore({ store, reader, writes, schedule, log })
  await accepted.open()
  const diffs = new DiffStore(store, diffsKept === undefined ? {} : { keptBlocks: diffsKept })
  await diffs.open()
  const head = readHead(store, reader)
  const history = await readHistory(store)
  const blocks = new BlockStore({ store, reader, accepted, diffs, writes }, { head, history })
  return { accepted, blocks }
}

/** Named values may be there before the first block, and nothing else. */
async function assertUnbegun(store: KeyValueStore): Promise<void> {
  for (const [entry, prefix] of Object.entries(CHAIN_PREFIX)) {
    if (prefix === CHAIN_PREFIX.named) continue
    const start = Uint8Array.of(prefix)
    for await (const [key] of store.iterate({ start, end: Uint8Array.of(prefix + 1), limit: 1 })) {
      const found = `${entry} ${bytesToHex(key)}`
      throw new ChainError({ code: 'genesis-missing', found })
    }
  }
}
