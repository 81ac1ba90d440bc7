// Recovery of a node over its real stores, and one peer that answers out of its own.
import { systemClock } from '../../../src/base/clock.ts'
import { type Log, silentLog } from '../../../src/base/log.ts'
import { toRef } from '../../../src/chain/blocks/block.ts'
import { createSignerSchedule } from '../../../src/chain/blocks/signer-schedule.ts'
import { verifyBlockMessage } from '../../../src/chain/blocks/verify-message.ts'
import { PeerClaims } from '../../../src/backups/peer-claims.ts'
import { recoveryApply } from '../../../src/recovery/actions/apply-outcome.ts'
import { recoveryDiffs } from '../../../src/recovery/actions/state-diffs.ts'
import { recoveryState } from '../../../src/recovery/knowledge/readable-states.ts'
import { recoveryRecord } from '../../../src/recovery/knowledge/record-blocks.ts'
import { createGate } from '../../../src/recovery/gate.ts'
import { Knowledge } from '../../../src/recovery/knowledge/knowledge.ts'
import { createProgress } from '../../../src/recovery/actions/progress.ts'
import { createRecovery } from '../../../src/recovery/runner.ts'
import { answerTip, type HeldBlocks } from '../../../src/sync/protocols/answer-tip.ts'
import { fillGap } from '../../../src/sync/fetching/fill-gap.ts'
import { requestTip } from '../../../src/sync/fetching/peer-blocks.ts'
import { type RequestChunks, type VerifyMessage } from '../../../src/sync/protocols/asking.ts'
import { createBlockFetcher } from '../../../src/sync/fetching/range-fetcher.ts'
import { serveBlocksByHash } from '../../../src/sync/protocols/blocks-by-hash.ts'
import { serveBlocksByRange } from '../../../src/sync/protocols/blocks-by-range.ts'
import { serveStateDiffs } from '../../../src/sync/protocols/state-diffs-by-range.ts'
import { EXECUTION_CHAIN_ID, executionGenesis, testKey } from '../../support/execution-chain.ts'
import { settle } from '../../support/manual-clock.ts'
import { signBlock } from '../../support/signed-chain.ts'
import { until } from '../../support/until.ts'
import { type ApplyNode, buildChain } from '../apply/apply-fixture.ts'

const PEER = 'peer'

/** Genesis, and blocks of one transfer each on it, signed by the key that the schedule names. */
export async function buildSignedChain(length: number) {
  const [genesis, ...blocks] = await buildChain(length)
  if (genesis === undefined) throw new Error('there is no genesis')
  return { genesis, blocks: blocks.map((block) => signBlock(block, testKey(0))) }
}

/** What the peer holds, and whether it keeps the state diffs of it. */
export interface ServingPeer {
  readonly node: ApplyNode
  readonly keepsDiffs: boolean
}

/** Runs a sequencer's recovery, with no record and no backup that counts, until its gate opens. */
export async function recover(node: ApplyNode, peer: ServingPeer) {
  const { recovery, gate, events } = createNodeRecovery(node, peer)
  const stop = new AbortController()
  const running = recovery.run(stop.signal)
  try {
    await Promise.race([
      until('the gate is open', () => gate.state().kind === 'open', { everyMs: 2 }),
      running
    ])
    return { report: recovery.status().last, events }
  } finally {
    stop.abort(new Error('enough'))
    await running.catch(() => undefined) // it was heard of above
  }
}

const schedule = createSignerSchedule(executionGenesis().config.signers)

const verify: VerifyMessage = ({ version, message }) =>
  verifyBlockMessage({ chainId: EXECUTION_CHAIN_ID, schedule }, version, message)

function never(): never {
  throw new Error('this is not to be called')
}

/** Every request is answered as a node would, without a wire in between. */
function requestsTo({ node: { blocks, accepted }, keepsDiffs }: ServingPeer): RequestChunks {
  const held: HeldBlocks = {
    highest: () => accepted.highestAccepted(),
    at: (number) => accepted.acceptedAt(number),
    message: (hash) => accepted.acceptedMessage(hash),
    genesisHash: blocks.canonicalHash(0n) ?? '0x',
    isJoining: () => false,
    hasLost: () => false
  }
  const answers: Record<string, (request: never) => Iterable<unknown>> = {
    blocks_by_range: (request) => serveBlocksByRange(blocks, request),
    blocks_by_hash: (request) => serveBlocksByHash(accepted, request),
    state_diffs_by_range: (request) => (keepsDiffs ? serveStateDiffs(blocks, request) : []),
    signed_tip: (request) => [answerTip(held, request)]
  }
  return async function* (_, { name }, request) {
    await settle()
    yield* (answers[name]?.(request as never) ?? []) as Iterable<never>
  }
}

const NO_HOLES = { missingBlock: () => undefined, unknownHash: () => undefined }

function createNodeRecovery(node: ApplyNode, peer: ServingPeer) {
  const events: string[] = []
  const note = (event: string) => void events.push(event)
  const log: Log = { ...silentLog, warn: note, error: note }
  const clock = systemClock
  const requests = { request: requestsTo(peer), verify, onFalse: never }
  const connected = () => [PEER]
  const ports = {
    chain: {
      head: () => toRef(node.applier.head()),
      blocks: node.blocks,
      accepted: node.accepted,
      holes: NO_HOLES,
      needHistory: never
    },
    state: recoveryState(node),
    states: { areServed: () => false, newest: () => undefined, fetch: never },
    history: { down: never, receipts: never },
    diffs: recoveryDiffs({
      stores: node,
      namedBlock: (hash) => node.accepted.acceptedBlock(hash),
      applier: node.applier,
      claims: new PeerClaims(clock),
      connected,
      request: requests.request,
      onFalse: never
    }),
    record: recoveryRecord(undefined, verify),
    peers: { connected, clockFault: () => undefined, claimsAbove: () => false }
  }
  const storedBackups = {
    load: () => [],
    announce: () => Promise.resolve(),
    settle: () => Promise.resolve()
  }
  const knowledge = new Knowledge(
    { ...ports, clock, storedBackups, backups: () => [], writesWaitFor: () => undefined },
    {
      role: 'sequencer',
      configuredPeers: [PEER],
      quorum: 'none',
      blockTimeMs: 1_000,
      scheduleNamesUs: () => true
    }
  )
  const gate = createGate()
  const fetcher = createBlockFetcher({
    clock,
    blocks: requests,
    peers: connected,
    onSlow: () => undefined
  })
  const recovery = createRecovery(
    {
      ...ports,
      clock,
      log,
      gate,
      knowledge,
      apply: recoveryApply(node.applier, node),
      progress: createProgress({ clock, log, onStage: () => Promise.resolve() }),
      publish: () => Promise.resolve(),
      hasSigned: () => false,
      askTip: (to, head, signal) => requestTip(requests, to, head, signal),
      fillGap: (gap, onFetched) =>
        fillGap({ accepted: node.accepted, fetcher }, gap, { onFetched }),
      fetchAncestors: never,
      followAskMs: 2_000
    },
    never
  )
  return { recovery, gate, events }
}
