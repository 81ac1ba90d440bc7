// The data directory of a node that does not run, put right: what a start mends, what is left elsewhere in it, what peers have.
import { join } from 'node:path'
import { STATE_DIFFS_BY_RANGE } from '../../protocols/state-diffs-by-range/codec.ts'
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { openChainLoss } from '../backups/chain-loss.ts'
import { type Block, toRef } from '../chain/blocks/block.ts'
import { repairEntries } from '../chain/stored/repair-entries.ts'
import { PLACES } from '../config/node-directory.ts'
import { type StartInputs } from '../config/start-inputs.ts'
import { repairState, type StateRepaired } from '../state/repair-state.ts'
import { CHAIN_DATABASE, STATE_DATABASE } from '../store/keys.ts'
import { openLevelStore } from '../store/level-store.ts'
import { writeMark } from '../store/store-marks.ts'
import {
  bulkPeers,
  createNodeFetcher,
  createNodeUnsignedBlocks
} from '../sync/fetching/bulk-peers.ts'
import { type HoleMender } from '../sync/holes/mend-holes.ts'
import { type ChainInputs, type ChainParts, openChainParts } from './chain-parts.ts'
import { createNodeFiller, openHoleMender } from './hole-parts.ts'
import { messageVerifier } from './peer-protocols.ts'
import { openRepairPeers, type RepairPeers, type RepairPeersInputs } from './repair-peers.ts'

/** What is repaired, and by whom. */
export type RepairInputs = ChainInputs &
  Pick<StartInputs, 'genesis'> & { readonly peers: RepairPeersInputs['peers'] }

/** What it stands on. */
export interface RepairDeps {
  readonly clock: Clock
  readonly log: Log
  readonly onProgress: (line: string) => Promise<void>
}

/** What came of it. */
export interface Repaired extends StateRepaired {
  /** Peers that answered; none where none was named. */
  readonly peersCount: number
}

/** Lost blocks are asked for this long after the last one came. */
const QUIET_MAX_MS = 15_000
const LOOK_INTERVAL_MS = 100

/** Throws StoreError, ChainError for what a start would refuse too, NetError. */
export async function repairDirectory(
  inputs: RepairInputs,
  deps: RepairDeps,
  signal: AbortSignal
): Promise<Repaired> {
  const { clock, log, onProgress } = deps
  const onStep = () => Promise.resolve()
  const chain = await openChainParts(inputs, { clock, log, onStep })
  let peers: RepairPeers | undefined
  try {
    try {
      if (inputs.peers.length > 0) {
        await onProgress('connecting to the peers')
        peers = await openRepairPeers({ ...inputs, schedule: chain.schedule }, deps)
        await peers.learnTips(toRef(chain.stores.genesis))
      }
      await repairChain({ chain, peers, inputs }, deps, signal)
    } finally {
      await chain.stores.close()
    }
    await repairIndexes(inputs.config.dataDir, chain.stores.genesis, deps)
    const repaired = await repairStateIn(inputs.config.dataDir, peers, deps, signal)
    return { ...repaired, peersCount: peers?.serving().length ?? 0 }
  } finally {
    await peers?.close()
  }
}

/** The next start sets the state aside and fetches it anew. Rejects with the system's error. */
export async function giveUpState(dataDir: string, reason: string): Promise<void> {
  await writeMark(join(dataDir, PLACES.state), 'spoiled', reason)
}

async function repairStateIn(
  dataDir: string,
  peers: RepairPeers | undefined,
  { log, onProgress }: RepairDeps,
  signal: AbortSignal
): Promise<StateRepaired> {
  const store = await openLevelStore(join(dataDir, PLACES.state), STATE_DATABASE, {
    mustExist: true
  })
  try {
    return await repairState(
      {
        store,
        log,
        source: peers?.source,
        onProgress: ({ accountsCount, slotsCount }) =>
          onProgress(`repair: accounts ${String(accountsCount)}, slots ${String(slotsCount)}`)
      },
      signal
    )
  } finally {
    await store.close()
  }
}

async function repairIndexes(
  dataDir: string,
  genesis: Block,
  { onProgress }: RepairDeps
): Promise<void> {
  const path = join(dataDir, PLACES.chain)
  const store = await openLevelStore(path, CHAIN_DATABASE, { mustExist: true })
  try {
    await repairEntries({
      store,
      genesis,
      noteLoss: () => openChainLoss(store).note(),
      onBlock: (number) => onProgress(`repair: indexes of block ${number.toString()}`)
    })
  } finally {
    await store.close()
  }
}

interface RepairedChain {
  readonly chain: ChainParts
  readonly peers: RepairPeers | undefined
  readonly inputs: RepairInputs
}

/** Blocks that were lost below the head: out of what is left here, then out of peers. */
async function repairChain(
  { chain, peers, inputs }: RepairedChain,
  deps: RepairDeps,
  signal: AbortSignal
): Promise<void> {
  const verify = messageVerifier(inputs, chain)
  const mender = await openHoleMender({ chain, signer: undefined, verify })
  if (peers === undefined) {
    await mender.searchDownTo(0n)
    return
  }
  const stop = new AbortController()
  const filler = fillerFrom({ chain, peers, inputs }, mender, deps)
  const running = filler.run(AbortSignal.any([stop.signal, signal]))
  await untilQuiet(mender, deps, signal)
  stop.abort(new Error('the repair is over'))
  await running
}

function fillerFrom(
  { chain, peers: { requests, blame, network } }: RepairedChain & { readonly peers: RepairPeers },
  mender: HoleMender,
  { clock, log }: RepairDeps
) {
  const { accepted } = chain.stores
  const connected = () => network.connected()
  const asked = { ...requests, clock, blame, connected }
  const claims = { status: () => undefined }
  return createNodeFiller({
    ...{ clock, log, mender, accepted, requests },
    fetcher: createNodeFetcher({ ...asked, claims }, requests),
    unsigned: createNodeUnsignedBlocks({ ...asked, named: accepted }, requests),
    peers: () => bulkPeers(asked, STATE_DIFFS_BY_RANGE),
    onBeside: () => undefined, // it is stored, and the next start judges it
    onFilled: () => undefined
  })
}

/** Until nothing is missing, or nothing came for a while. */
async function untilQuiet(
  { holes }: HoleMender,
  { clock, onProgress }: RepairDeps,
  signal: AbortSignal
): Promise<void> {
  let [size, next, changedMs] = [holes.size, holes.next, clock.monotonicMs()]
  while (!signal.aborted) {
    if (holes.isSearched && holes.size === 0) return
    if (holes.size !== size || holes.next !== next) {
      ;[size, next, changedMs] = [holes.size, holes.next, clock.monotonicMs()]
    }
    if (clock.monotonicMs() - changedMs > QUIET_MAX_MS) return
    await onProgress(`repair: ${String(holes.size)} blocks are missing`)
    await clock.sleep(LOOK_INTERVAL_MS, signal)
  }
}
