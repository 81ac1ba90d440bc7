// What a node is made of while it runs, joined: protocols, recovery, and for a sequencer its block loop.
import { STATE_DIFFS_BY_RANGE } from '../../protocols/state-diffs-by-range/codec.ts'
import { SIGNED_TIP } from '../../protocols/signed-tip/codec.ts'
import { STATUS } from '../../protocols/status/codec.ts'
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { type Service } from '../base/service.ts'
import { type SignedBlock, toRef } from '../chain/blocks/block.ts'
import { type BlockGossip } from '../gossip/block-gossip.ts'
import { type Network } from '../net/network.ts'
import { type Blame, type Fault } from '../peer/blame.ts'
import { type OnExit, type Recovery } from '../recovery/recovery.ts'
import { type OpenSigner } from '../signer/open-signer.ts'
import { type Backfill } from '../sync/holes/backfill.ts'
import { type HoleFiller } from '../sync/holes/fill-holes.ts'
import { type HoleMender } from '../sync/holes/mend-holes.ts'
import { type BlockFetcher } from '../sync/fetching/range-fetcher.ts'
import { type UnsignedBlocks } from '../sync/fetching/unsigned-blocks.ts'
import { createStatusLoop, type StatusLoop } from '../sync/status-loop.ts'
import { type BackupSets } from '../backups/backup-sets.ts'
import {
  bulkPeers,
  createNodeFetcher,
  createNodeUnsignedBlocks
} from '../sync/fetching/bulk-peers.ts'
import { type ChainParts } from './chain-parts.ts'
import { createFormerBackups, type FormerBackups } from '../backups/former-backups.ts'
import { createNodeBackfill, createNodeFiller } from './hole-parts.ts'
import { createJoining, type Joining, storedJoining } from '../backups/joining.ts'
import { joinMending } from './mending-parts.ts'
import { type NodeOverrides } from './overrides.ts'
import { type NodeStatusDeps } from './node-status.ts'
import { createHeldBlocks, createOwnStatus } from './own-status.ts'
import { PeerClaims } from '../backups/peer-claims.ts'
import { createPeerLanes } from '../reqresp/peer-lanes.ts'
import {
  createNodeGossip,
  createPeerRequests,
  type PeerRequests,
  serveProtocols
} from './peer-protocols.ts'
import { untilDone } from './received-blocks.ts'
import { createRecoveryParts } from './recovery-parts.ts'
import { createSequencerParts, type SequencerParts } from './sequencer-parts.ts'
import { type SharedKeys } from './shared-keys.ts'
import { type StartInputs } from '../config/start-inputs.ts'
import { type OnStep, tell } from './step-events.ts'
import { type WriteWaits } from './write-waits.ts'

/** What was opened and is the caller's to close. */
export interface NodeDeps {
  readonly clock: Clock
  readonly log: Log
  readonly chain: ChainParts
  readonly signer: OpenSigner | undefined
  readonly network: Network
  readonly blame: Blame
  /** Counts a fault, and bans who had too many. */
  readonly note: (peer: string, fault: Fault) => void
  readonly sets: BackupSets
  /** True for a peer of the config, and for one that counts for the quorum now or did. */
  readonly isConfigured: (peer: string) => boolean
  readonly mender: HoleMender
  readonly writes: WriteWaits
  readonly onStep: OnStep
  readonly onExit: OnExit
  /** Serving goes on until it aborts. */
  readonly serving: AbortSignal
}

/** A node's parts, ready to run. */
export interface NodeParts {
  readonly recovery: Recovery
  readonly filler: HoleFiller
  readonly history: Backfill
  /** What status shows of it. */
  readonly shown: Pick<NodeStatusDeps, 'claims' | 'joining' | 'unspoken'>
  readonly sharedKeys: SharedKeys
  /** Undefined for a backup, which asks for no quorum. */
  readonly former: FormerBackups | undefined
  /** Undefined for a backup, which builds nothing. */
  readonly sequencer: SequencerParts | undefined
  /** Services in the order in which they are stopped; those of one list are stopped together. */
  readonly services: readonly (readonly Service[])[]
}

/** Joins everything and starts to serve; nothing is built or asked before the services run. */
export async function createNodeParts(
  deps: NodeDeps,
  inputs: StartInputs,
  overrides: NodeOverrides
): Promise<NodeParts> {
  const { clock, log, chain, signer, network, sets, onStep, serving } = deps
  const { roster } = sets
  const { config, genesis } = inputs
  const claims = new PeerClaims(clock, deps.isConfigured)
  const connected = () => network.connected()
  // Backups that were added while the node ran before are connected to as those of the config are.
  for (const { multiaddr } of roster.added()) network.keepConnected(multiaddr)
  const replicatedHead = () => claims.replicatedHead(roster.ids())
  const requests = createPeerRequests(deps, inputs)
  joinMending({ ...deps, requests, connected }, config)
  const status = createNodeStatus(deps, inputs, { requests, claims, replicatedHead })
  const received = { clock, store: chain.stores.chainStore, signal: serving }
  const gossip = createNodeGossip(deps, inputs, async (block, from) => {
    await untilDone(received, () => chain.stores.accepted.accept([block]))
    tell(deps, { step: 'accepted', block: toRef(block) })
    await untilDone(received, () => {
      recovery.onAccepted(block, from)
    })
  })
  const publish = publishing(gossip, log)
  const former = createFormer(deps, inputs)
  const sources = createBlockSources(deps, { requests, connected, claims })
  const parts = { requests, sources, connected, claims }
  const { filler, history } = createFillers(deps, config, parts, () => recovery)
  const { gate, recovery } = createRecoveryParts(
    {
      ...deps,
      ...{ claims, connected, requests, ...sources, publish, former, history },
      holes: deps.mender.holes,
      hasSigned: (hash) => sequencer?.hasSigned(hash) === true,
      settled: async () => sequencer?.settled()
    },
    inputs,
    overrides
  )
  const sequencerGate = overrides.sequencerGate?.(gate) ?? gate
  const sequencer: SequencerParts | undefined =
    signer &&
    createSequencerParts(
      { clock, log, chain, signer, gate, sequencerGate, recovery, publish, replicatedHead, onStep },
      inputs
    )
  listenToPeers(deps, { status, claims, recovery, filler, history, requests })
  chain.applier.onHead(() => {
    status.onHeadMoved()
  })
  const joining = await openJoining(deps, recovery, config)
  const lanes = createPeerLanes(clock, deps.isConfigured, config.peers.length)
  const held = createHeldBlocks(chain, joining.isJoining)
  await serveProtocols(
    deps,
    { held, status, gossip, lanes },
    { chainId: genesis.config.chainId, signal: serving },
    overrides
  )
  network.mesh.listen((message) => gossip.receive(message), gossip.intake)
  deps.writes.onWaiting(recovery.onFault.bind(recovery))
  // A stop waits for no room: what is not written by then fails, once recovery has been told to end.
  const services = [
    [recovery, deps.writes.service],
    sequencer?.services ?? [],
    [filler, history, status, network]
  ]
  const { sharedKeys, spoken } = requests
  const shown = { claims, joining, unspoken: spoken.unspoken }
  return { recovery, shown, sharedKeys, former, filler, history, sequencer, services }
}

function publishing(gossip: BlockGossip, log: Log): (block: SignedBlock) => Promise<void> {
  return async (block) => {
    const receiversCount = await gossip.publish(block)
    log.debug('published', { number: block.number, hash: block.hash, receiversCount })
  }
}

function openJoining(
  { log, chain: { stores }, network }: Pick<NodeDeps, 'log' | 'chain' | 'network'>,
  recovery: Recovery,
  config: StartInputs['config']
): Promise<Joining> {
  const { accepted } = stores
  const connected = () => network.connected()
  return createJoining(
    { log, stored: storedJoining(stores.chainStore), accepted, recovery, connected },
    config
  )
}

/** Where blocks are fetched from: with their signatures, and without. */
interface BlockSources {
  readonly fetcher: BlockFetcher
  readonly unsigned: UnsignedBlocks
}

function createBlockSources(
  deps: NodeDeps,
  {
    requests,
    connected,
    claims
  }: {
    readonly requests: PeerRequests
    readonly connected: () => readonly string[]
    readonly claims: PeerClaims
  }
): BlockSources {
  const named = deps.chain.stores.accepted
  return {
    fetcher: createNodeFetcher({ ...deps, ...requests, connected, claims }, requests),
    unsigned: createNodeUnsignedBlocks({ ...deps, ...requests, connected, named }, requests)
  }
}

/** Recovery is made after them, and hears of what they bring. */
function createFillers(
  deps: NodeDeps,
  config: StartInputs['config'],
  {
    requests,
    sources,
    connected,
    claims
  }: {
    readonly requests: PeerRequests
    readonly sources: BlockSources
    readonly connected: () => readonly string[]
    readonly claims: PeerClaims
  },
  recovery: () => Recovery
): { readonly filler: HoleFiller; readonly history: Backfill } {
  const shared = {
    ...{ ...deps, requests, ...sources, accepted: deps.chain.stores.accepted },
    peers: () => bulkPeers({ ...deps, ...requests, connected }, STATE_DIFFS_BY_RANGE),
    onBeside(block: SignedBlock, from: string) {
      recovery().onAccepted(block, from)
    }
  }
  const onFilled = () => {
    recovery().onPeersChanged()
  }
  return {
    filler: createNodeFiller({ ...shared, onFilled }),
    history: createNodeBackfill({ ...shared, claims }, config)
  }
}

function createFormer(
  { chain, sets, ...deps }: NodeDeps,
  { config: { role, peers } }: StartInputs
): FormerBackups | undefined {
  if (role !== 'sequencer') return undefined
  const isPeer = (id: string) => peers.some(({ peerId }) => peerId === id)
  return createFormerBackups({ ...deps, ...sets, isPeer, head: chain.applier.head })
}

function createNodeStatus(
  { clock, log, chain, network }: NodeDeps,
  { config, genesis }: StartInputs,
  {
    requests,
    claims,
    replicatedHead
  }: {
    readonly requests: PeerRequests
    readonly claims: PeerClaims
    readonly replicatedHead: () => bigint | undefined
  }
): StatusLoop {
  const { role } = config
  return createStatusLoop({
    clock,
    log,
    request: requests.request,
    speaks: (peer) => requests.spoken.speaks(peer, STATUS),
    ownStatus: createOwnStatus({ clock, chain, config: genesis.config, role, replicatedHead }),
    connected: () => network.connected(),
    onStatus: claims.note.bind(claims),
    disconnect: (peer) => network.disconnect(peer)
  })
}

function listenToPeers(
  { log, network, isConfigured }: Pick<NodeDeps, 'log' | 'network' | 'isConfigured'>,
  {
    status,
    claims,
    recovery,
    filler,
    history,
    requests: { spoken }
  }: {
    readonly status: StatusLoop
    readonly claims: PeerClaims
    readonly recovery: Recovery
    readonly requests: PeerRequests
    readonly filler: HoleFiller
    readonly history: Backfill
  }
): void {
  network.listenToPeers({
    onConnected(peer) {
      status.onConnected(peer)
      filler.peersChanged()
      history.wake()
      recovery.onPeersChanged()
    },
    onDisconnected(peer) {
      claims.forget(peer)
      recovery.onPeersChanged()
    },
    onProtocols(peer) {
      status.onProtocols(peer)
      if (spoken.speaks(peer, SIGNED_TIP) === true) recovery.onSpeaks(peer)
      const unspoken = spoken.unspoken(peer)
      if (unspoken.length > 0 && isConfigured(peer)) {
        log.warn('peer-does-not-speak', { peer, protocols: unspoken.join(', ') })
      }
    }
  })
}
