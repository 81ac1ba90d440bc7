// Both sides of the protocols joined to one node: requests that are checked and judged, block gossip, serving.
import { protocolId } from '../../protocols/protocol-def.ts'
import { OP_PRESET, OPBNB_PRESET } from '../../protocols/gossip/parameters.ts'
import { toMessageLayout } from '../../protocols/payload-by-number/codec.ts'
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { type SignedBlock } from '../chain/blocks/block.ts'
import { topicVersionAt } from '../chain/blocks/forks.ts'
import { verifyBlockMessage, verifyUnsignedMessage } from '../chain/blocks/verify-message.ts'
import { type StartInputs } from '../config/start-inputs.ts'
import { type BlockGossip, createBlockGossip } from '../gossip/block-gossip.ts'
import { createBlockValidator } from '../gossip/block-validation.ts'
import { gossipFault, type RejectReason } from '../gossip/refusal-reason.ts'
import { type Network } from '../net/network.ts'
import { type Blame, type Fault } from '../peer/blame.ts'
import { type PeerLanes, STREAMS_PER_CONNECTION_MAX } from '../reqresp/peer-lanes.ts'
import { requestFault } from '../reqresp/request-fault.ts'
import { createRequester } from '../reqresp/requester.ts'
import { type Handler, RequestRefused, respond } from '../reqresp/responder.ts'
import { type FalseAnswer, falseAnswerFault } from '../sync/fetching/answer-fault.ts'
import { type PeerBlocksDeps } from '../sync/fetching/peer-blocks.ts'
import { answerTip, type HeldBlocks } from '../sync/protocols/answer-tip.ts'
import { type VerifyMessage } from '../sync/protocols/asking.ts'
import { type PayloadChecks } from '../sync/protocols/payload-by-number.ts'
import {
  deadlinesOf,
  SERVED_PROTOCOLS,
  type ServedSources
} from '../sync/protocols/served-protocols.ts'
import { createSpoken, requestsToSpeakers, type Spoken } from '../sync/protocols/spoken-requests.ts'
import { createStatePeers, type StatePeers } from '../sync/protocols/state-peers.ts'
import { createStateSource } from '../sync/protocols/state-source.ts'
import { type StatusLoop } from '../sync/status-loop.ts'
import { type ChainParts } from './chain-parts.ts'
import { type NodeOverrides } from './overrides.ts'
import { untilJudged } from './judged-gossip.ts'
import { createSharedKeys, SHARED_KEY_REASON, type SharedKeys } from './shared-keys.ts'

/** Dependencies of both sides of the protocols. */
export interface PeerProtocolDeps {
  readonly clock: Clock
  readonly log: Log
  readonly network: Network
  readonly blame: Blame
  /** Counts a fault, and bans who had too many. */
  readonly note: (peer: string, fault: Fault) => void
  readonly chain: ChainParts
  /** True for a peer of the config, and for one that counts for the quorum. */
  readonly isConfigured: (peer: string) => boolean
}

/** What asks peers: for blocks, for diffs, for parts of a state. */
export interface PeerRequests extends PeerBlocksDeps {
  readonly spoken: Spoken
  readonly verifyPayload: PayloadChecks['verifyPayload']
  readonly state: StatePeers
  readonly sharedKeys: SharedKeys
  readonly onFalse: (failure: FalseAnswer) => void
  readonly clock: Clock
  readonly isConfigured: (peer: string) => boolean
}

/** The block of a message that the schedule's signer signed. Throws MessageError for any other. */
export function messageVerifier(
  { genesis }: Pick<StartInputs, 'genesis'>,
  { schedule }: Pick<ChainParts, 'schedule'>
): VerifyMessage {
  const { chainId } = genesis.config
  return ({ version, message }) => verifyBlockMessage({ chainId, schedule }, version, message)
}

/** The block of a payload without a signature, by the layout of its time. Throws what its parts do. */
function payloadVerifier({
  genesis
}: Pick<StartInputs, 'genesis'>): PayloadChecks['verifyPayload'] {
  const { forks } = genesis.config
  return (payload) => {
    const laidOut = toMessageLayout(payload, (timestamp) => topicVersionAt(forks, timestamp))
    return verifyUnsignedMessage(laidOut.version, laidOut.message)
  }
}

/** Requests, verified. A false answer is logged with its sender; the request moves to another peer. */
export function createPeerRequests(
  {
    clock,
    log,
    network,
    chain,
    note,
    isConfigured
  }: Pick<PeerProtocolDeps, 'clock' | 'log' | 'network' | 'note' | 'isConfigured'> & {
    readonly chain: Pick<ChainParts, 'schedule'>
  },
  { genesis }: Pick<StartInputs, 'genesis'>
): PeerRequests {
  const { chainId } = genesis.config
  const sharedKeys = createSharedKeys({ clock, log, network })
  const spoken = createSpoken({
    chainId,
    speaks: (peer, id) => network.speaks(peer, id),
    isConfigured
  })
  const requester = createRequester({
    clock,
    opener: network.opener,
    chainId,
    deadlinesOf,
    onFailure(error) {
      log.debug('request-failed', { ...error.failure })
      sharedKeys.noteFailure(error.failure)
      note(error.failure.peer, requestFault(error))
    }
  })
  const request = requestsToSpeakers(requester.request, spoken)
  const onFalse = (failure: FalseAnswer) => {
    log.warn('peer-false', { ...failure })
    note(failure.peer, falseAnswerFault(failure))
  }
  return {
    spoken,
    sharedKeys,
    clock,
    isConfigured,
    request,
    verify: messageVerifier({ genesis }, chain),
    verifyPayload: payloadVerifier({ genesis }),
    state: createStatePeers({ request, onFalse }),
    onFalse
  }
}

/** Gossip under this node's preset; `accept` writes a block with fsync and tells recovery. */
export function createNodeGossip(
  { clock, log, network, chain, blame, note }: PeerProtocolDeps,
  { config, genesis }: StartInputs,
  accept: (block: SignedBlock, from: string) => Promise<void>
): BlockGossip {
  const { chainId } = genesis.config
  const { schedule } = chain
  const validator = createBlockValidator(
    {
      clock,
      verify: (version, message, signedPartHash) =>
        verifyBlockMessage({ chainId, schedule }, version, message, signedPartHash)
    },
    config.preset === 'op' ? OP_PRESET : OPBNB_PRESET
  )
  const onRejected = (from: string, reason: RejectReason) => {
    log.warn('gossip-rejected', { peer: from, reason })
    note(from, gossipFault(reason))
  }
  const { mesh } = network
  const isTrusted = (peer: string) => blame.isTrusted(peer)
  return createBlockGossip(
    { clock, log, validator, mesh, accept, onRejected, isTrusted },
    { chainId }
  )
}

/** What is served from. */
export interface ServedParts {
  readonly held: HeldBlocks
  readonly status: StatusLoop
  readonly gossip: BlockGossip
  readonly lanes: PeerLanes
}

/** How long, and of which chain. */
export interface ServingOptions {
  readonly chainId: bigint
  /** The protocols answer until it aborts. */
  readonly signal: AbortSignal
}

/** Registers all protocols of the list. */
export async function serveProtocols(
  { clock, log, network, blame, isConfigured, chain: { stores } }: PeerProtocolDeps,
  { held, status, gossip, lanes }: ServedParts,
  { chainId, signal }: ServingOptions,
  overrides: Pick<NodeOverrides, 'answerTip' | 'refuses' | 'servedSources'> = {}
): Promise<void> {
  const real: ServedSources = {
    blocks: stores.blocks,
    accepted: stores.accepted,
    held,
    status,
    state: createStateSource({ clock, state: stores.state, isConfigured }),
    answerTip: overrides.answerTip ?? answerTip,
    takeInFlight: (context) => untilJudged({ clock, network, gossip }, context)
  }
  const sources = overrides.servedSources?.(real) ?? real
  for (const protocol of SERVED_PROTOCOLS) {
    const { def, costTokens, lane, deadlines, quotaWaitMs = 0 } = protocol
    const isRefused = overrides.refuses?.(def.name) === true
    const answer: Handler<unknown, unknown>['serve'] = isRefused
      ? refuseAll
      : (request, context) => protocol.serve(sources, request, context)
    const id = protocolId(def, chainId)
    await network.serve(id, STREAMS_PER_CONNECTION_MAX, async (peer, stream, isShared) => {
      if (blame.isBanned(peer)) {
        stream.abort(new Error('banned'))
        return
      }
      const serve = isShared ? refuseShared : answer
      const handler = { def, costTokens, lane: lanes.laneOf(lane, peer), serve, quotaWaitMs }
      await respond({ clock, log, signal }, handler, { peer, stream }, deadlines.serve)
    })
  }
}

function refuseShared(): never {
  throw new RequestRefused('unavailable', SHARED_KEY_REASON)
}

function refuseAll(): never {
  throw new RequestRefused('unavailable', 'not served')
}
