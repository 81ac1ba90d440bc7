// What this node asks of its peers and answers them: status, signed_tip, blocks by range and hash, block gossip.
import { type ProtocolDef, protocolId } from '../../protocols/protocol-def.ts'
import { BLOCKS_BY_HASH } from '../../protocols/blocks-by-hash/codec.ts'
import { BLOCKS_BY_RANGE } from '../../protocols/blocks-by-range/codec.ts'
import { OP_PRESET, OPBNB_PRESET } from '../../protocols/gossip/parameters.ts'
import { STATE_DIFFS_BY_RANGE } from '../../protocols/state-diffs-by-range/codec.ts'
import { SIGNED_TIP } from '../../protocols/signed-tip/codec.ts'
import { STATUS } from '../../protocols/status/codec.ts'
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { type SignedBlock } from '../chain/blocks/block.ts'
import { verifyBlockMessage } from '../chain/blocks/verify-message.ts'
import { type BlockGossip, createBlockGossip } from '../gossip/block-gossip.ts'
import { createBlockValidator } from '../gossip/block-validation.ts'
import { type Network } from '../net/network.ts'
import { type Blame } from '../peer/blame.ts'
import { createRequester } from '../reqresp/requester.ts'
import { type Handler, RequestRefused, respond } from '../reqresp/responder.ts'
import { answerTip, type HeldBlocks } from '../sync/serving/answer-tip.ts'
import { type PeerBlocksDeps, type VerifyMessage } from '../sync/fetching/peer-blocks.ts'
import {
  isBlockServed,
  serveBlocksByHash,
  serveBlocksByRange
} from '../sync/serving/serve-blocks.ts'
import { isDiffServed, serveStateDiffs } from '../sync/serving/serve-diffs.ts'
import { type StatusLoop } from '../sync/status-loop.ts'
import { type ChainParts } from './chain-parts.ts'
import { type NodeOverrides } from './overrides.ts'
import {
  createBlaming,
  type FalseAnswer,
  falseAnswerFault,
  gossipFault,
  requestFault
} from './peer-faults.ts'
import {
  COST_TOKENS,
  type LaneKind,
  type PeerLanes,
  STREAMS_PER_CONNECTION_MAX
} from './peer-lanes.ts'
import { createSharedKeys, SHARED_KEY_REASON, type SharedKeys } from './shared-keys.ts'
import { createSpoken, requestsToSpeakers, type Spoken } from './spoken-requests.ts'
import { type StartInputs } from '../config/start-inputs.ts'

/** Dependencies of both sides of the protocols. */
export interface PeerProtocolDeps {
  readonly clock: Clock
  readonly log: Log
  readonly network: Network
  readonly blame: Blame
  readonly chain: ChainParts
  /** True for a peer of the config, and for one that counts for the quorum. */
  readonly isConfigured: (peer: string) => boolean
}

/** What asks peers: for blocks, and for diffs. */
export interface PeerRequests extends PeerBlocksDeps {
  readonly spoken: Spoken
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

/** Requests, verified. A false answer is logged with its sender; the request moves to another peer. */
export function createPeerRequests(
  { clock, log, network, chain, blame, isConfigured }: PeerProtocolDeps,
  { genesis }: Pick<StartInputs, 'genesis'>
): PeerRequests {
  const { chainId } = genesis.config
  const sharedKeys = createSharedKeys({ clock, log, network })
  const spoken = createSpoken({
    chainId,
    speaks: (peer, id) => network.speaks(peer, id),
    isConfigured
  })
  const note = createBlaming({ log, blame, network })
  const requester = createRequester({
    clock,
    opener: network.opener,
    chainId,
    onFailure(error) {
      log.debug('request-failed', { ...error.failure })
      sharedKeys.noteFailure(error.failure)
      note(error.failure.peer, requestFault(error))
    }
  })
  return {
    spoken,
    sharedKeys,
    clock,
    isConfigured,
    request: requestsToSpeakers(requester.request, spoken),
    verify: messageVerifier({ genesis }, chain),
    onFalse(failure) {
      log.warn('peer-false', { ...failure })
      note(failure.peer, falseAnswerFault(failure))
    }
  }
}

/** Gossip under this node's preset; `accept` writes a block with fsync and tells recovery. */
export function createNodeGossip(
  { clock, log, network, chain, blame }: PeerProtocolDeps,
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
  const note = createBlaming({ log, blame, network })
  const onRejected = (from: string, reason: string) => {
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

/** Registers the protocols. */
export async function serveProtocols(
  deps: PeerProtocolDeps,
  { held, status, gossip, lanes }: ServedParts,
  options: ServingOptions,
  overrides: Pick<NodeOverrides, 'answerTip' | 'refuses'> = {}
): Promise<void> {
  const serve = createServing(deps, lanes, options, overrides)
  const { answerTip: answer = answerTip } = overrides
  await serve(STATUS, COST_TOKENS.status, 'small', (theirs, { peer }) =>
    status.answer(peer, theirs)
  )
  await serve(SIGNED_TIP, COST_TOKENS.signedTip, 'small', async function* (asked, context) {
    // The last block of the asker's dead process may still be on its way in.
    await deps.network.closeOlderConnections(context.peer, context.stream)
    await gossip.drain()
    const reply = answer(held, asked)
    if (reply.relation === 'unavailable') throw new RequestRefused('unavailable', reply.reason)
    yield reply
  })
  await serveBulk(serve, deps.chain)
}

type Serve = <Request, Chunk>(
  def: ProtocolDef<Request, Chunk>,
  costTokens: number,
  kind: LaneKind,
  handle: Handler<Request, Chunk>['serve']
) => Promise<void>

function createServing(
  { clock, log, network, blame }: PeerProtocolDeps,
  lanes: PeerLanes,
  { chainId, signal }: ServingOptions,
  { refuses }: Pick<NodeOverrides, 'refuses'>
): Serve {
  return async (def, costTokens, kind, handle) => {
    const serve = refuses?.(def.name) === true ? refuseAll : handle
    await network.serve(
      protocolId(def, chainId),
      STREAMS_PER_CONNECTION_MAX,
      async (peer, stream, isShared) => {
        if (blame.isBanned(peer)) {
          stream.abort(new Error('banned'))
          return
        }
        const serving = isShared ? refuseShared : serve
        const handler = { def, costTokens, lane: lanes.laneOf(kind, peer), serve: serving }
        await respond({ clock, log, signal }, handler, { peer, stream })
      }
    )
  }
}

async function serveBulk(
  serve: Serve,
  { stores: { blocks, accepted } }: ChainParts
): Promise<void> {
  await serve(BLOCKS_BY_RANGE, COST_TOKENS.blocksByRange, 'bulk', function* (asked) {
    if (!isBlockServed(blocks, asked.start)) {
      throw new RequestRefused('unavailable', `block ${asked.start.toString()} is not held`)
    }
    yield* serveBlocksByRange(blocks, asked)
  })
  await serve(BLOCKS_BY_HASH, COST_TOKENS.blocksByHash, 'bulk', function* (asked) {
    let sentCount = 0
    for (const message of serveBlocksByHash(accepted, asked)) {
      sentCount++
      yield message
    }
    if (sentCount === 0) throw new RequestRefused('unavailable', 'none of the blocks is held')
  })
  await serve(STATE_DIFFS_BY_RANGE, COST_TOKENS.stateDiffsByRange, 'bulk', function* (asked) {
    if (!isDiffServed(blocks, asked.start)) {
      throw new RequestRefused('unavailable', `no diff of ${asked.start.toString()} is served`)
    }
    yield* serveStateDiffs(blocks, asked)
  })
}

function refuseShared(): never {
  throw new RequestRefused('unavailable', SHARED_KEY_REASON)
}

function refuseAll(): never {
  throw new RequestRefused('unavailable', 'not served')
}
