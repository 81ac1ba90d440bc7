// Recovery with all that it needs: the gate, what is known, the ports to stores, peers and record.
import { STATE_DIFFS_BY_RANGE } from '../../protocols/state-diffs-by-range/codec.ts'
import { type Hex } from '../base/bytes.ts'
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { type BlockRef, type SignedBlock } from '../chain/blocks/block.ts'
import { createGate, type GateReader, type GateWriter } from '../recovery/gate.ts'
import { Knowledge } from '../recovery/knowledge/knowledge.ts'
import { createProgress } from '../recovery/actions/progress.ts'
import { type OnExit, type Recovery } from '../recovery/recovery.ts'
import { createRecovery } from '../recovery/runner.ts'
import { type SignedTip } from '../recovery/knowledge/tips.ts'
import { type Blame } from '../peer/blame.ts'
import { RequestError } from '../reqresp/request-error.ts'
import { type OpenSigner } from '../signer/open-signer.ts'
import { fillGap } from '../sync/fetching/fill-gap.ts'
import { type PeerBlocksDeps, requestTip } from '../sync/fetching/peer-blocks.ts'
import { type OpenHoles } from '../sync/holes/open-holes.ts'
import { type BlockFetcher } from '../sync/fetching/range-fetcher.ts'
import { type BackupSets } from '../backups/backup-sets.ts'
import { bulkPeers } from './bulk-peers.ts'
import { type ChainParts } from './chain-parts.ts'
import { type FormerBackups } from '../backups/former-backups.ts'
import { type NodeOverrides } from './overrides.ts'
import { type PeerClaims } from '../backups/peer-claims.ts'
import { nameBenched } from './peer-faults.ts'
import { type PeerRequests } from './peer-protocols.ts'
import { recoveryDiffs } from './recovery-diffs.ts'
import {
  diskHasRoom,
  recoveryApply,
  recoveryChain,
  recoveryPeers,
  recoveryRecord,
  recoveryState
} from './recovery-ports.ts'
import { type StartInputs } from '../config/start-inputs.ts'
import { type OnStep } from './step-events.ts'
import { type WriteWaits } from './write-waits.ts'

/** What recovery is joined to. */
export interface RecoveryPartsDeps {
  readonly clock: Clock
  readonly log: Log
  readonly chain: ChainParts
  readonly signer: OpenSigner | undefined
  readonly claims: PeerClaims
  readonly sets: BackupSets
  readonly former: FormerBackups | undefined
  readonly connected: () => readonly string[]
  readonly requests: PeerRequests
  readonly fetcher: BlockFetcher
  readonly holes: OpenHoles
  readonly blame: Blame
  readonly writes: WriteWaits
  readonly publish: (block: SignedBlock) => Promise<void>
  readonly hasSigned: (hash: Hex) => boolean
  readonly onStep: OnStep
  readonly onExit: OnExit
}

/** The gate with both halves, and its writer. */
export interface RecoveryParts {
  readonly gate: GateReader & GateWriter
  readonly recovery: Recovery
}

/** Asks a backup that heard nothing for two slots while a peer claims more. */
const FOLLOW_ASK_SLOTS = 2

/** Joins recovery to one node. */
export function createRecoveryParts(
  deps: RecoveryPartsDeps,
  inputs: StartInputs,
  { decide }: Pick<NodeOverrides, 'decide'>
): RecoveryParts {
  const { clock, log, chain, requests, onStep, onExit, publish } = deps
  const { stores, applier } = chain
  const tell = (event: Parameters<OnStep>[0]) => {
    onStep(event).catch((thrown: unknown) => {
      log.warn('observer-failed', { step: event.step, reason: errorMessage(thrown) })
    })
  }
  const gate = createGate((state) => {
    log.info('gate', { ...state })
    deps.former?.onGate(state)
    tell({ step: 'gate', state })
    const report = state.kind === 'open' ? recovery.status().last : undefined
    if (report !== undefined) tell({ step: 'recovered', report })
  })
  const isBenched = (peer: string) => deps.blame.isBenched(peer)
  const ports = createPorts(deps, inputs)
  const progress = createProgress({ clock, log, onStage: onStep })
  // Stores are open only once the journal was taken in.
  const { journalFinding } = stores
  if (journalFinding.kind === 'taken' && !journalFinding.isWhole) progress.source('journal')
  const recovery = createRecovery(
    {
      clock,
      log,
      gate,
      ...ports,
      apply: recoveryApply(applier, stores),
      progress,
      publish,
      hasSigned: deps.hasSigned,
      onMissing: (backups) => deps.former?.onMissing(backups),
      askTip: async (peer, head, signal) => askTip(requests, peer, head, signal),
      async fillGap(gap, onFetched) {
        const walk = { accepted: stores.accepted, fetcher: deps.fetcher }
        const outcome = await fillGap(walk, gap, { onFetched })
        return nameBenched(outcome, deps.connected().filter(isBenched))
      },
      followAskMs: FOLLOW_ASK_SLOTS * inputs.blockTimeMs,
      ...(decide && { decide })
    },
    onExit
  )
  return { gate, recovery }
}

function createPorts(
  {
    clock,
    chain,
    signer,
    claims,
    sets,
    connected,
    requests,
    holes,
    blame,
    writes
  }: RecoveryPartsDeps,
  { config, blockTimeMs }: StartInputs
) {
  const { stores, applier, times, schedule } = chain
  const backups = () => sets.roster.ids()
  const ports = {
    chain: recoveryChain(stores, applier, holes),
    state: recoveryState(stores),
    diffs: recoveryDiffs({
      stores,
      acceptedBlock: (hash) => stores.accepted.acceptedBlock(hash),
      applier,
      claims,
      ...requests,
      connected: () => bulkPeers({ connected, blame, ...requests }, STATE_DIFFS_BY_RANGE)
    }),
    record: recoveryRecord(signer?.record, requests.verify),
    peers: recoveryPeers({ claims, clock, times, headBlock: applier.head, backups, connected })
  }
  const knowledge = new Knowledge(
    {
      ...ports,
      clock,
      storedBackups: sets.adopted,
      backups,
      writesWaitFor: () =>
        writes.waitsFor() ?? (diskHasRoom(config.dataDir) ? undefined : 'disk-full')
    },
    {
      role: config.role,
      configuredPeers: config.peers.map(({ peerId }) => peerId),
      quorum: config.quorum,
      startWithoutBackups: config.oneStart.startWithoutBackups,
      giveUpAbove: config.oneStart.giveUpAbove,
      blockTimeMs,
      scheduleNamesUs: (number) => schedule.signerAt(number) === signer?.key.address
    }
  )
  return { ...ports, knowledge }
}

/** `unavailable` is an answer that says nothing; any other failure is thrown. */
async function askTip(
  requests: PeerBlocksDeps,
  peer: string,
  head: BlockRef,
  signal: AbortSignal
): Promise<SignedTip> {
  try {
    return await requestTip(requests, peer, head, signal)
  } catch (thrown) {
    if (!(thrown instanceof RequestError && thrown.failure.code === 'unavailable')) throw thrown
    return { relation: 'unavailable', reason: thrown.failure.reason }
  }
}
