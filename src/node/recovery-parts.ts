// Recovery with all that it needs: the gate, what is known, the ports to stores, peers and record.
import { ACCOUNT_RANGE } from '../../protocols/account-range/codec.ts'
import { STATE_DIFFS_BY_RANGE } from '../../protocols/state-diffs-by-range/codec.ts'
import { type Hex } from '../base/bytes.ts'
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { type Block, type SignedBlock, toRef } from '../chain/blocks/block.ts'
import { type BlockTimes } from '../chain/blocks/block-times.ts'
import { createGate, type GateReader, type GateWriter } from '../recovery/gate.ts'
import { Knowledge } from '../recovery/knowledge/knowledge.ts'
import { recoveryApply } from '../recovery/actions/apply-outcome.ts'
import { createProgress } from '../recovery/actions/progress.ts'
import { recoveryStates } from '../recovery/actions/peer-states.ts'
import { type RecoveryStates } from '../recovery/actions/ports.ts'
import { recoveryDiffs } from '../recovery/actions/state-diffs.ts'
import { findClockFault } from '../recovery/knowledge/clock-fault.ts'
import { FOLLOW_ASK_SLOTS, type OnExit, type Recovery } from '../recovery/recovery.ts'
import { createRecovery } from '../recovery/runner.ts'
import { type RecoveryPeers } from '../recovery/knowledge/ports.ts'
import { recoveryState } from '../recovery/knowledge/readable-states.ts'
import { recoveryRecord } from '../recovery/knowledge/record-blocks.ts'
import { askTipWith } from '../recovery/knowledge/tips.ts'
import { type Blame } from '../peer/blame.ts'
import { type OpenSigner } from '../signer/open-signer.ts'
import { diskHasRoom } from '../store/disk-room.ts'
import { nameBenched } from '../sync/fetching/answer-fault.ts'
import { bulkPeers } from '../sync/fetching/bulk-peers.ts'
import { fetchAncestors, fillGap } from '../sync/fetching/fill-gap.ts'
import { type Backfill } from '../sync/holes/backfill.ts'
import { type OpenHoles } from '../sync/holes/open-holes.ts'
import { FetchPool } from '../sync/fetching/fetch-pool.ts'
import { type BlockFetcher } from '../sync/fetching/range-fetcher.ts'
import { type UnsignedBlocks } from '../sync/fetching/unsigned-blocks.ts'
import { type BackupSets } from '../backups/backup-sets.ts'
import { quorumAfterLoss, settlingLoss } from '../backups/chain-loss.ts'
import { type ChainParts } from './chain-parts.ts'
import { type FormerBackups } from '../backups/former-backups.ts'
import { type NodeOverrides } from './overrides.ts'
import { type PeerClaims } from '../backups/peer-claims.ts'
import { type PeerRequests } from './peer-protocols.ts'
import { type StartInputs } from '../config/start-inputs.ts'
import { type OnStep, tell } from './step-events.ts'
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
  readonly unsigned: UnsignedBlocks
  readonly holes: OpenHoles
  readonly history: Backfill
  readonly blame: Blame
  readonly writes: WriteWaits
  readonly publish: (block: SignedBlock) => Promise<void>
  readonly hasSigned: (hash: Hex) => boolean
  readonly settled: () => Promise<void>
  readonly onStep: OnStep
  readonly onExit: OnExit
}

/** The gate with both halves, and its writer. */
export interface RecoveryParts {
  readonly gate: GateReader & GateWriter
  readonly recovery: Recovery
}

/** Joins recovery to one node. */
export function createRecoveryParts(
  deps: RecoveryPartsDeps,
  inputs: StartInputs,
  { decide }: Pick<NodeOverrides, 'decide'>
): RecoveryParts {
  const { clock, log, chain, requests, onStep, onExit, publish } = deps
  const { stores, applier } = chain
  const gate = createGate((state) => {
    log.info('gate', { ...state })
    deps.former?.onGate(state)
    tell(deps, { step: 'gate', state })
    const report = state.kind === 'open' ? recovery.status().last : undefined
    if (report !== undefined) tell(deps, { step: 'recovered', report })
  })
  const { fetcher, unsigned } = deps
  const blockSources = { fetcher, unsigned }
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
      settled: deps.settled,
      onMissing: (backups) => deps.former?.onMissing(backups),
      askTip: askTipWith(requests),
      history: deps.history,
      fetchAncestors: (wanted, onFetched) =>
        fetchAncestors({ accepted: stores.accepted, ...blockSources }, wanted, { onFetched }),
      async fillGap(gap, onFetched) {
        const outcome = await fillGap({ accepted: stores.accepted, ...blockSources }, gap, {
          onFetched
        })
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
    history,
    blame,
    writes
  }: RecoveryPartsDeps,
  { config, blockTimeMs }: StartInputs
) {
  const { stores, applier, times, schedule } = chain
  const backups = () => sets.roster.ids()
  const ports = {
    chain: {
      head: () => toRef(applier.head()),
      blocks: stores.blocks,
      accepted: stores.accepted,
      holes,
      needHistory: (number: bigint) => {
        history.need(number)
      }
    },
    state: recoveryState(stores),
    diffs: recoveryDiffs({
      stores,
      namedBlock: (hash) => stores.accepted.namedBlock(hash),
      applier,
      claims,
      ...requests,
      connected: () => bulkPeers({ connected, blame, ...requests }, STATE_DIFFS_BY_RANGE)
    }),
    states: nodeStates({ clock, chain, claims, connected, requests, blame }),
    record: recoveryRecord(signer?.record, requests.verify),
    peers: recoveryPeers({ claims, clock, times, headBlock: applier.head, backups, connected })
  }
  const knowledge = new Knowledge(
    {
      ...ports,
      clock,
      storedBackups: settlingLoss(sets.adopted, stores.loss),
      backups,
      writesWaitFor: () =>
        writes.waitsFor() ?? (diskHasRoom(config.dataDir) ? undefined : 'disk-full')
    },
    {
      role: config.role,
      configuredPeers: config.peers.map(({ peerId }) => peerId),
      quorum: quorumAfterLoss(config.quorum, stores.loss.isLost),
      startWithoutBackups: config.oneStart.startWithoutBackups,
      giveUpAbove: config.oneStart.giveUpAbove,
      blockTimeMs,
      scheduleNamesUs: (number) => schedule.signerAt(number) === signer?.key.address
    }
  )
  return { ...ports, knowledge }
}

/** States out of peers that say that they serve them. */
function nodeStates({
  clock,
  chain: { stores },
  claims,
  connected,
  requests,
  blame
}: Pick<
  RecoveryPartsDeps,
  'clock' | 'chain' | 'claims' | 'connected' | 'requests' | 'blame'
>): RecoveryStates {
  const { spoken, isConfigured, state: peers } = requests
  const speaks = (peer: string) => spoken.speaks(peer, ACCOUNT_RANGE)
  return recoveryStates({
    clock,
    state: stores.state,
    claims,
    peers,
    pool: new FetchPool({
      clock,
      onSlow: (peer, slowness) => void blame.note(peer, slowness),
      isConfigured
    }),
    serving: () =>
      bulkPeers({ connected, blame, ...requests }, ACCOUNT_RANGE).filter(
        (peer) => speaks(peer) === true
      ),
    isAwaitingProtocols: () =>
      connected().some((peer) => isConfigured(peer) && speaks(peer) === undefined)
  })
}

/** Peers as recovery asks and counts them. */
function recoveryPeers({
  claims,
  clock,
  times,
  headBlock,
  backups,
  connected
}: {
  readonly claims: PeerClaims
  readonly clock: Clock
  readonly times: BlockTimes
  readonly headBlock: () => Block
  readonly backups: () => readonly string[]
  readonly connected: () => readonly string[]
}): RecoveryPeers {
  return {
    connected,
    claimsAbove: (number) => claims.highestClaimed() > number,
    clockFault: () =>
      findClockFault({
        nowMs: clock.nowMs(),
        headTimestampMs: times.timestampMs(headBlock().header),
        backupCount: backups().length,
        readings: claims.clockReadings(backups())
      })
  }
}
