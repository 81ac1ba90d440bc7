// What a node says of itself to its operator: rekindle_status and /health.
import { signatureOf } from '../../protocols/block-message/codec.ts'
import { bytesToHex, type Hex } from '../base/bytes.ts'
import { type Clock } from '../base/clock.ts'
import { type AcceptedStore } from '../chain/stored/accepted-store.ts'
import { toRef } from '../chain/blocks/block.ts'
import { type GapFailure } from '../recovery/decide/findings.ts'
import { exitOf } from '../recovery/decide/operator-exits.ts'
import { type CurrentStage } from '../recovery/actions/progress.ts'
import { type RecoveryStatus } from '../recovery/recovery.ts'
import { shutWord } from '../recovery/standing.ts'
import { type Health } from '../rpc/health-page.ts'
import { type FlushProgress } from '../state/disk-layer.ts'
import { type ShownMending } from '../state/state-mender.ts'
import { type ShownHistory } from '../sync/holes/backfill.ts'
import { type ShownHoles } from '../sync/holes/fill-holes.ts'
import { type AdoptedBackup } from '../backups/adopted-backups.ts'
import { type BackupRoster } from '../backups/backup-roster.ts'
import { type ChainParts } from './chain-parts.ts'
import { describeFormer, exitWithout } from '../backups/former-backups.ts'
import { type Joining } from '../backups/joining.ts'
import { toJsonValue } from '../base/json-value.ts'
import { type NodeConfig } from '../config/node-config.ts'
import { type PeerClaims } from '../backups/peer-claims.ts'
import { type SharedKey } from './shared-keys.ts'
import { type NodeStanding } from './node-standing.ts'
import { describeUnused } from '../report/unused-overrides.ts'

/** What recovery says, and what the node knows besides. */
export interface NodeRecovery extends RecoveryStatus {
  /** Of the set that the gate last opened under, those that are no backups any more. */
  readonly formerBackups: readonly AdoptedBackup[]
  /** Stored blocks that were lost and are not back yet. */
  readonly holes: ShownHoles
  /** The history of a chain that was joined further up. */
  readonly history: ShownHistory
  /** Peer keys that two live processes use. */
  readonly sharedKeys: readonly SharedKey[]
}

/** Where the facts come from. */
export interface NodeStatusDeps {
  readonly clock: Clock
  readonly standing: () => NodeStanding
  readonly config: NodeConfig
  readonly version: string
  readonly chainId: bigint
  readonly chain: ChainParts
  readonly claims: PeerClaims
  readonly roster: Pick<BackupRoster, 'ids'>
  readonly recovery: () => NodeRecovery
  readonly peerId: string
  readonly multiaddrs: () => readonly string[]
  readonly connected: () => readonly string[]
  readonly joining: Joining
  /** Protocols that recovery needs and that the peer says it does not answer. */
  readonly unspoken: (peerId: string) => readonly string[]
}

/** Plain JSON: what `rekindle status` prints. */
export function describeNode(deps: NodeStatusDeps): Record<string, unknown> {
  const { config, chain, claims, roster, recovery, connected, multiaddrs } = deps
  const { stores, applier, pool } = chain
  const now = recovery()
  return toJsonValue({
    version: deps.version,
    role: config.role,
    chainId: deps.chainId,
    peerId: deps.peerId,
    multiaddrs: multiaddrs(),
    head: toRef(applier.head()),
    accepted: stores.accepted.highestAccepted(),
    replicatedHead: claims.replicatedHead(roster.ids()),
    health: describeStanding(deps.standing()),
    gate: config.role === 'sequencer' ? describeGate(now) : undefined,
    joining: describeJoining(deps.joining),
    recovery: {
      ...describeRecovery(now, (hash) => signatureIn(stores.accepted, hash)),
      overrideUnused: describeUnused(config.oneStart, now)
    },
    state: {
      diskLayer: stores.state.diskPoint()?.number,
      headReadable: stores.state.isReadable(applier.head().hash),
      layers: stores.state.layersCount,
      bufferedBytes: stores.state.bufferedBytes,
      flush: describeFlush(stores.state.flushProgress),
      damage: describeDamage(stores.state.mending())
    },
    pool: pool.counts(),
    peers: describePeers(deps, connected())
  }) as Record<string, unknown>
}

/** `/health`: how the node stands, and what it waits for where that is more than a word. */
export function describeHealth(
  standing: NodeStanding,
  status: NodeRecovery,
  { oneStart }: Pick<NodeConfig, 'oneStart'>,
  flush?: FlushProgress
): Health {
  const health = { ...describeStanding(standing), gate: gateOf(standing, status) }
  if (standing.says === 'flush-awaited')
    return { ...health, flush: toJsonValue(describeFlush(flush)) }
  if (standing.kind === 'ready') return health
  const share =
    standing.says === 'joining' ? toShownShare(joinedShare(standing, status)) : undefined
  const overrideUnused = describeUnused(oneStart, status)
  const recovery = toJsonValue({ ...describeRecovery(status), overrideUnused })
  return { ...health, ...(share === undefined ? {} : { share }), recovery }
}

/** How far a node that joins is, from 0 to 1: of the state while that comes, then of the blocks up to the highest known. */
export function joinedShare(
  { headNumber, behindCount }: Pick<NodeStanding, 'headNumber' | 'behindCount'>,
  { stages, stateAction }: Pick<NodeRecovery, 'stages' | 'stateAction'>
): number {
  const fetching = stages.find(({ name }) => name === 'fetch-state')
  if (fetching !== undefined || stateAction?.action === 'fetch-state') return fetching?.share ?? 0
  const highest = Number(headNumber + behindCount)
  return highest === 0 ? 0 : Number(headNumber) / highest
}

/** To a thousandth, and never 1 before it is. */
function toShownShare(share: number): number {
  return Math.floor(1_000 * share) / 1_000
}

/** The word, and the figures that it was found by. */
function describeStanding(standing: NodeStanding) {
  const { kind, says, isCaughtUp, behindCount, headNumber, headAgeMs, named } = standing
  return {
    ok: kind === 'ready',
    state: says,
    syncing: !isCaughtUp,
    head: Number(headNumber),
    headAgeSeconds: Math.floor(headAgeMs / 1_000),
    behindBlocks: Number(behindCount),
    namedPeers: named.length,
    namedPeersConnected: standing.namedConnectedCount
  }
}

/** The word of a shut gate; a backup has none. */
function gateOf({ role }: NodeStanding, status: NodeRecovery) {
  return role === 'sequencer' ? describeGate(status).reason : undefined
}

/** A flush of state to disk; and, where a block waits for it, what ends the wait. */
function describeFlush(flush: FlushProgress | undefined) {
  if (flush === undefined) return undefined
  const { number, elapsedMs, isAwaited } = flush
  const progress = { number, elapsedMs: Math.round(elapsedMs) }
  if (!isAwaited) return progress
  const waitsFor = 'the disk of the data directory'
  return { ...progress, waitsFor, override: `mend ${waitsFor}: rekindle explain flush-awaited` }
}

/** Entries of the state database that failed their check: how many are whole again, which are not, and what to do then. */
function describeDamage({ mendedCount, underWayCount, unmendedCount, unmended }: ShownMending) {
  if (mendedCount + underWayCount + unmendedCount === 0) return undefined
  const counts = { mended: mendedCount, underWay: underWayCount, unmended: unmendedCount }
  if (unmendedCount === 0) return counts
  const exit = 'connect a node that has them, under peers: rekindle explain node-damaged'
  return { ...counts, entries: unmended, exit }
}

/** Open, or shut for that reason: the word of README.md's table. */
export function describeGate(status: RecoveryStatus) {
  const { gate } = status
  if (gate.kind === 'open') return { open: true, reason: null }
  return { open: false, reason: shutWord(gate.reason, status) }
}

/** Stage, what it waits for, and what the last recovery did. */
export function describeRecovery(
  status: NodeRecovery,
  signatureOfBlock: (hash: Hex) => Hex | undefined = () => undefined
) {
  const { blockAction, stateAction, stages, conflicts, foreign, last } = status
  return {
    action: blockAction?.action,
    missing: blockAction?.action === 'ask' ? blockAction.missing : undefined,
    formerBackups: describeFormerBackups(status),
    holes: describeHoles(status),
    history: describeHistory(status),
    sharedPeerKeys: status.sharedKeys.length > 0 ? status.sharedKeys : undefined,
    answers: describeAnswers(status),
    waitsFor: blockAction?.action === 'wait' ? blockAction.reason : undefined,
    target: blockAction?.action === 'adopt' ? blockAction.target.block : undefined,
    gap: gapOf(status),
    // Whatever is waited for is shown with what ends it.
    override: exitOf(blockAction, status.head),
    stateAction: stateAction?.action,
    stateWaitsFor: stateWaitOf(status),
    stages: stages.map(describeStage),
    conflicts: conflicts.map((conflict) => {
      const { ours, other } = conflict
      const signatures = { ours: signatureOfBlock(ours.hash), other: signatureOfBlock(other.hash) }
      return { ...conflict, signatures }
    }),
    foreign: foreign && { ...foreign, meaning: 'another sequencer uses this key' },
    last
  }
}

/** A backup that began empty answers nothing that counts until one of these has spoken and it has all that they show. */
function describeJoining({ isJoining, awaited }: Joining) {
  return isJoining() ? { waitsFor: awaited } : undefined
}

/** What proves who signed it; undefined of a block that is not held. */
function signatureIn(accepted: Pick<AcceptedStore, 'acceptedMessage'>, hash: Hex): Hex | undefined {
  const held = accepted.acceptedMessage(hash)
  return held && bytesToHex(signatureOf(held.message))
}

function describeStage(stage: CurrentStage) {
  const { name, done, expected, bytes, peers, elapsedMs, rate, leftMs, share, parts } = stage
  return {
    name,
    done,
    left: expected === undefined ? undefined : Math.max(0, expected - done),
    share: share === undefined ? undefined : toShownShare(share),
    parts: parts.length > 0 ? parts : undefined,
    bytes,
    peers,
    elapsedMs: Math.round(elapsedMs),
    itemsPerSecond: rate === undefined ? undefined : Math.round(rate),
    leftMs: leftMs === undefined ? undefined : Math.round(leftMs)
  }
}

/** Who did not answer in the last round, and why. */
function describeAnswers({ answers }: RecoveryStatus): Record<string, string> | undefined {
  const silent = [...answers].flatMap(([peer, answer]) =>
    answer.kind === 'answered' ? [] : [[peer, `${answer.kind}: ${answer.reason}`] as const]
  )
  return silent.length === 0 ? undefined : Object.fromEntries(silent)
}

/** The state on disk is of a block that nobody served yet; or no way to a state is open. */
function stateWaitOf({ stateAction }: RecoveryStatus) {
  if (stateAction?.action === 'await-state') return { reason: stateAction.reason }
  if (stateAction?.action !== 'await-disk-layer') return undefined
  const { diskLayer, reason } = stateAction
  return { diskLayer, reason }
}

/** Which stored blocks are lost, from the top down, why nobody brought them, and what to do. */
function describeHoles({ holes: { runs, runsCount } }: NodeRecovery) {
  if (runsCount === 0) return undefined
  return {
    count: runsCount,
    highest: runs,
    exit: 'connect a node that has them, under peers; they are asked for by themselves: rekindle explain blocks-missing'
  }
}

/** Of a chain that was joined further up than its first block. */
function describeHistory({ history }: NodeRecovery) {
  const { oldestBlock, oldestReceipts, wanted, reason } = history
  if (oldestBlock === 1n) return undefined
  return { oldestBlock, oldestReceipts, wanted, reason }
}

/** The quorum of the set before the change is needed too: who of it left, where, and whether it has answered. */
function describeFormerBackups({ formerBackups, blockAction, answers, head }: NodeRecovery) {
  if (formerBackups.length === 0) return undefined
  const missing = blockAction?.action === 'ask' ? blockAction.missing : []
  return formerBackups.map((backup) => ({
    ...describeFormer(backup),
    answered: answers.get(backup.peerId)?.kind === 'answered',
    exit: missing.includes(backup.peerId) ? exitWithout(backup, head) : undefined
  }))
}

function gapOf({ blockAction }: RecoveryStatus): GapFailure | undefined {
  if (blockAction?.action === 'stay-shut-gap') return blockAction.failure
  return blockAction?.action === 'follow' ? blockAction.gap : undefined
}

function describePeers(
  { config, claims, roster, recovery, unspoken }: NodeStatusDeps,
  connected: readonly string[]
) {
  const backups = roster.ids()
  const others = [...config.peers, ...recovery().formerBackups]
  const configured = [...backups, ...others.map(({ peerId }) => peerId)]
  return [...new Set([...configured, ...connected])].map((peerId) => {
    const status = claims.status(peerId)
    const lacking = configured.includes(peerId) ? unspoken(peerId) : []
    return {
      peerId,
      backup: backups.includes(peerId),
      connected: connected.includes(peerId),
      role: status?.role,
      head: status?.unsafeNumber,
      accepted: status?.acceptedNumber,
      doesNotSpeak: lacking.length > 0 ? lacking : undefined
    }
  })
}
