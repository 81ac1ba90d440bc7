// One node, sequencer or backup: its parts are opened in the order of their dependencies, and stopped in the reverse.
import { setMaxListeners } from 'node:events'
import { type Clock, systemClock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { keccakImplementation } from '../base/keccak.ts'
import { secp256k1Implementation } from '../base/secp256k1.ts'
import { type Service } from '../base/service.ts'
import { OP_PRESET, OPBNB_PRESET } from '../../protocols/gossip/parameters.ts'
import { startHost } from '../net/host.ts'
import { createNetwork, type Network } from '../net/network.ts'
import { parsePeer } from '../net/peer-address.ts'
import { type PeerKey } from '../net/peer-key.ts'
import { type AdminPort } from '../rpc/admin-methods.ts'
import { type OpenSigner, openSigner } from '../signer/open-signer.ts'
import { SignerError } from '../signer/signer-error.ts'
import { createAdminPort } from './admin-parts.ts'
import {
  type BackupSets,
  configuredPeers,
  formerAddresses,
  openBackupSets
} from '../backups/backup-sets.ts'
import { type ChainParts, openChainParts } from './chain-parts.ts'
import { openHoleMender } from './hole-parts.ts'
import { messageVerifier } from './peer-protocols.ts'
import { type HoleMender } from '../sync/holes/mend-holes.ts'
import { createClosers } from '../base/closers.ts'
import { type Blame } from '../peer/blame.ts'
import { createBlaming } from '../peer/blaming.ts'
import { type FileBudget, shareFiles } from './file-limit.ts'
import { warnOfGenesisTime } from '../report/genesis-warning.ts'
import { createNodeParts, type NodeParts } from './node-parts.ts'
import { type NodeOverrides } from './overrides.ts'
import { type NodeRecovery } from './node-status.ts'
import { createNodeStanding } from './node-standing.ts'
import { createProgressLines, type ProgressDisplay } from '../report/progress-lines.ts'
import { startMetrics, startRpc } from './rpc-parts.ts'
import { openBlame } from './open-blame.ts'
import { runServices } from '../base/run-services.ts'
import { createStandingLines } from './standing-lines.ts'
import { type StartInputs } from '../config/start-inputs.ts'
import { StartTimes } from '../report/start-times.ts'
import { readVersion } from './version.ts'
import { createWriteWaits, type WriteWaits } from './write-waits.ts'

/** An open node: it serves already, and does the rest while `run` lasts. */
export interface RunningNode extends Service {
  readonly peerId: string
  readonly rpcUrl: string
  /** Where peers reach it, with its peer id. */
  multiaddrs(): readonly string[]
}

/** What stands outside of a node. */
export interface NodeSurroundings {
  readonly log: Log
  readonly clock?: Clock
  /** Where a person sees how far a recovery is; without it the log says so. */
  readonly display?: ProgressDisplay | undefined
}

/**
 * Opens databases, signer, ports, in this order; what was opened is closed again when the next cannot be.
 * Throws FileLimitError, StoreError, ChainError, SignerError, NetError, HttpError.
 */
export async function createNode(
  inputs: StartInputs<PeerKey>,
  { log, clock = systemClock, display }: NodeSurroundings,
  overrides: NodeOverrides = {}
): Promise<RunningNode> {
  const times = new StartTimes()
  times.done('modules')
  const onStep = overrides.onStep ?? (() => Promise.resolve())
  const closers = createClosers(log)
  const { backups, peers } = inputs.config
  const files = await shareFiles(backups.length + peers.length, log)
  const writes = createWriteWaits({ clock, log })
  const exit = new AbortController()
  try {
    const chain = await openChainParts(inputs, {
      clock,
      log,
      onStep,
      stateLimits: overrides.stateLimits,
      patience: writes.patience,
      storeFilesMax: files.storeFilesMax,
      onDamaged: (error) => {
        exit.abort(error) // what can be written no more is mended by the next start
      }
    })
    closers.add('stores', () => chain.stores.close())
    warnOfGenesisTime(inputs, chain.applier.head().number, { clock, log })
    closers.add('flush', () => flush(chain, log))
    const signer = await openNodeSigner(inputs, chain)
    if (signer !== undefined) closers.add('signer', () => signer.close())
    // Before anything stands on stored blocks: some may be lost.
    const mender = await openHoleMender({ chain, signer, verify: messageVerifier(inputs, chain) })
    const ownPeerId = inputs.peerKey.peerId
    const sets = await openBackupSets(
      chain.stores.chainStore,
      { config: inputs.config, ownPeerId },
      log
    )
    const isConfigured = configuredPeers(inputs.config, sets)
    const blame = openBlame(chain.stores, { clock, log }, isConfigured)
    closers.add('blame', () => blame.saved())
    const former = formerAddresses(sets, inputs.config)
    times.done('stores')
    const network = await startNodeNetwork(inputs, { clock, log, blame, former, files })
    closers.add('network', () => network.stop())
    times.done('network')
    return await assemble({
      inputs,
      overrides,
      clock,
      log,
      display,
      onStep,
      chain,
      signer,
      network,
      blame,
      sets,
      isConfigured,
      mender,
      files,
      writes,
      times,
      closers,
      exit
    })
  } catch (thrown) {
    await closers.closeAll()
    throw thrown
  }
}

interface Opened {
  readonly files: FileBudget
  readonly inputs: StartInputs<PeerKey>
  readonly overrides: NodeOverrides
  readonly clock: Clock
  readonly log: Log
  readonly display: ProgressDisplay | undefined
  readonly onStep: NonNullable<NodeOverrides['onStep']>
  readonly chain: ChainParts
  readonly signer: OpenSigner | undefined
  readonly network: Network
  readonly blame: Blame
  readonly sets: BackupSets
  readonly isConfigured: (peer: string) => boolean
  readonly mender: HoleMender
  readonly writes: WriteWaits
  readonly times: StartTimes
  readonly closers: ReturnType<typeof createClosers>
  /** Ends the node by itself, with what it cannot go on with. */
  readonly exit: AbortController
}

async function assemble(opened: Opened): Promise<RunningNode> {
  const { inputs, overrides, log, chain, network, closers, exit } = opened
  const { config, genesis } = inputs
  const serving = new AbortController()
  setMaxListeners(0, serving.signal) // one for each stream that is served; the lanes bound them
  closers.add('serving', async () => {
    serving.abort(new Error('the node stops'))
  })
  const onExit = ({ path, reason }: { readonly path: string; readonly reason: string }) => {
    exit.abort(new SignerError({ code: 'record-unreadable', path, reason }))
  }
  const note = createBlaming({ log, blame: opened.blame, network })
  const deps = { ...opened, note, onExit, serving: serving.signal }
  const parts = await createNodeParts(deps, inputs, overrides)
  const [version, peerId] = [readVersion(), network.peerId]
  const recovery = recoveryOf(parts)
  const connected = () => network.connected()
  const known = { clock: opened.clock, config, chain, ...parts.shown, ...opened.sets }
  const standing = createNodeStanding({ ...known, recovery, connected })
  const told = {
    ...known,
    version,
    chainId: genesis.config.chainId,
    files: opened.files,
    ...{ recovery, standing, connected, peerId },
    multiaddrs: () => network.multiaddrs()
  }
  const standingLines = createStandingLines({ clock: opened.clock, log, standing })
  const rpc = await startRpc({
    ...told,
    ...inputs,
    log,
    network,
    blame: opened.blame,
    admin: joinAdmin(opened, parts)
  })
  closers.add('rpc', () => rpc.close())
  const metrics = await startMetrics(told)
  closers.add('metrics', () => metrics.close())
  opened.times.done('services')
  log.info('started', {
    version,
    role: config.role,
    peerId,
    multiaddrs: network.multiaddrs(),
    rpc: rpc.url,
    metrics: metrics.url,
    keccak256: keccakImplementation,
    secp256k1: secp256k1Implementation,
    head: chain.applier.head().number,
    startMs: opened.times.spentMs()
  })
  const lines = [standingLines, progressLinesOf(opened, parts), chain.headLines]
  return {
    peerId,
    rpcUrl: rpc.url,
    multiaddrs: () => network.multiaddrs(),
    async run(signal) {
      try {
        await runServices([...parts.services, lines], signal, exit.signal)
      } catch (thrown) {
        await chain.stores.noteEnd(thrown)
        throw thrown
      } finally {
        await closers.closeAll()
        log.info('stopped', { head: chain.applier.head().number })
      }
    }
  }
}

function progressLinesOf({ clock, log, display }: Opened, { recovery }: NodeParts): Service {
  return createProgressLines({ clock, log, display, stages: () => recovery.status().stages })
}

function recoveryOf(parts: NodeParts): () => NodeRecovery {
  return () => ({
    ...parts.recovery.status(),
    formerBackups: parts.former?.list() ?? [],
    holes: parts.filler.shown(),
    history: parts.history.shown(),
    sharedKeys: parts.sharedKeys.list()
  })
}

function joinAdmin(
  { inputs: { config }, chain, sets: { roster }, log, network }: Opened,
  parts: NodeParts
): AdminPort {
  const isPeer = (id: string) => config.peers.some((peer) => peer.peerId === id)
  return createAdminPort({
    ...parts,
    roster,
    log,
    network,
    applier: chain.applier,
    isPeer,
    parsePeer
  })
}

/** A record that cannot be read ends the node; moved away, it counts as missing. */
async function openNodeSigner(
  { config, genesis }: StartInputs,
  { stores }: ChainParts
): Promise<OpenSigner | undefined> {
  if (config.signer === undefined) return undefined
  const { chainId } = genesis.config
  const signer = await openSigner(config.signer, { chainId, genesisHash: stores.genesis.hash })
  const finding = signer.record?.finding()
  if (finding?.kind !== 'unreadable') return signer
  await signer.close()
  const { path, reason } = finding
  throw new SignerError({ code: 'record-unreadable', path, reason })
}

async function startNodeNetwork(
  { config, genesis, peerKey }: StartInputs<PeerKey>,
  {
    clock,
    log,
    blame,
    former,
    files: connections
  }: {
    readonly clock: Clock
    readonly log: Log
    readonly blame: Blame
    readonly former: readonly string[]
    readonly files: FileBudget
  }
): Promise<Network> {
  const options = {
    peerKey,
    listen: config.listen,
    advertise: config.advertise,
    peers: [...[...config.backups, ...config.peers].map(({ multiaddr }) => multiaddr), ...former],
    chainId: genesis.config.chainId,
    seenTtlMs: (config.preset === 'op' ? OP_PRESET : OPBNB_PRESET).seenTtlMs,
    agentVersion: `rekindle/${readVersion()}`,
    isRefused: (peer: string) => blame.isBanned(peer),
    connections
  }
  const host = await startHost(options)
  return createNetwork({ clock, log, host }, options)
}

/** A clean stop leaves no state in memory alone: what is below the layers goes to disk, they to the journal. */
async function flush({ stores: { state, journal }, applier }: ChainParts, log: Log): Promise<void> {
  try {
    await state.idle()
    await journal.write()
  } catch (thrown) {
    const reason = errorMessage(thrown)
    log.error('state-not-kept', { head: applier.head().number, reason })
  }
}
