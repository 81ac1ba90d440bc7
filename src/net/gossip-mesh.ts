// gossipsub as block gossip needs it: parameters of the OP Stack, StrictNoSign, our validation, large messages.
import { gossipsub, TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { COMPRESSED_MAX_BYTES } from '../../protocols/gossip/codec.ts'
import { MESH } from '../../protocols/gossip/parameters.ts'
import { blocksTopic, TOPIC_VERSIONS } from '../../protocols/gossip/topic.ts'
import { type BlockMesh, type ReceivedMessage, type Verdict } from '../gossip/block-gossip.ts'
import { ADMIT_ALL, type MessageIntake } from '../gossip/message-intake.ts'
import { type HostArrivals } from './arrivals.ts'
import {
  type GossipSubInternals,
  internalsOf,
  onStreamOpened,
  onStreamRead
} from './gossip-internals.ts'
import { rationGossip } from './gossip-rations.ts'
import { createGossipRepair, type GossipRepairDeps } from './gossip-repair.ts'
import { createGossipReplay } from './gossip-replay.ts'
import {
  createGossipUnpacking,
  gossipMessageId,
  type GossipUnpacking,
  receivedMessage
} from './gossip-unpacking.ts'
import { isDialled, parsePeer } from './peer-address.ts'
import { encodeVarint } from './varint.ts'

/** A frame carries its message, the topic and a little control. */
export const FRAME_MAX_BYTES = COMPRESSED_MAX_BYTES + 2 ** 16
/** What may wait for one slow reader before its gossip stream is given up. */
const OUTBOUND_MAX_BYTES = 8 * COMPRESSED_MAX_BYTES
/** gossipsub's own redialling waits for its dials inside the heartbeat; dialer.ts does it outside. */
const NEVER = Number.MAX_SAFE_INTEGER

/** Options of the mesh. */
export interface GossipMeshOptions {
  readonly chainId: bigint
  readonly seenTtlMs: number
  /** Multiaddrs with peer ids: always sent to, never pruned or graylisted. */
  readonly directPeers: readonly string[]
}

/** The libp2p service for `services` of a host. */
export function gossipService({ chainId, seenTtlMs, directPeers }: GossipMeshOptions) {
  return gossipsub({
    globalSignaturePolicy: 'StrictNoSign',
    msgIdFn: ({ topic, data }) => gossipMessageId(topic, data),
    allowedTopics: TOPIC_VERSIONS.map((version) => blocksTopic(chainId, version)),
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    emitSelf: false,
    fallbackToFloodsub: false,
    floodPublish: true,
    doPX: false,
    directPeers: directPeers.map(toAddressInfo),
    directConnectTicks: NEVER,
    D: MESH.peers,
    Dlo: MESH.peersLow,
    Dhi: MESH.peersHigh,
    Dlazy: MESH.peersLazy,
    heartbeatInterval: MESH.heartbeatMs,
    fanoutTTL: MESH.fanoutTtlMs,
    mcacheLength: MESH.historyHeartbeats,
    mcacheGossip: MESH.gossipHeartbeats,
    seenTTL: seenTtlMs,
    maxInboundDataLength: FRAME_MAX_BYTES,
    maxOutboundBufferSize: OUTBOUND_MAX_BYTES
  })
}

/** The mesh of a running host. */
export interface GossipMesh extends BlockMesh {
  /** Subscribes to all block topics; `receive` judges every message that `intake`, if any, admits. Once. */
  listen(receive: (message: ReceivedMessage) => Verdict, intake?: MessageIntake): void
  /** A direct peer is always sent to, never pruned or graylisted. */
  addDirect(peer: string): void
  removeDirect(peer: string): void
  /** A connection has closed: another one of that peer takes over what it carried. */
  onConnectionClosed(): void
  /** To be called every REPAIR_INTERVAL_MS: mends what no event told of. */
  repair(): void
}

/** Joins a host's gossipsub to our rules. Throws when the library no longer is what this was written for. */
export function createGossipMesh(
  {
    clock,
    host,
    pubsub,
    arrivals
  }: Omit<GossipRepairDeps, 'internals'> & { readonly arrivals: HostArrivals },
  { chainId }: Pick<GossipMeshOptions, 'chainId'>
): GossipMesh {
  const internals = internalsOf(pubsub)
  const topics = TOPIC_VERSIONS.map((version) => blocksTopic(chainId, version))
  liftSendLimit(internals)
  const ration = rationGossip(internals, clock)
  // What the rations drop was handed on as well: counted first.
  onStreamRead(internals, (rpcs, from) => {
    return ration(arrivals.gossipOf(from.stream)?.count(rpcs) ?? rpcs, from)
  })
  const repair = createGossipRepair({ clock, host, pubsub, internals }, topics)
  const replay = createGossipReplay({ clock, pubsub }, internals)
  let unpacking: GossipUnpacking | undefined
  return {
    async publish(topic, compressed, youngForMs) {
      const { recipients } = await pubsub.publish(topic, compressed)
      const receivers = new Set(recipients.map(String))
      replay.add({ topic, data: compressed }, youngForMs, receivers)
      return receivers.size
    },
    listen(receive, intake = ADMIT_ALL) {
      unpacking = createGossipUnpacking(internals, intake)
      for (const topic of topics) {
        pubsub.topicValidators.set(topic, async (peer, { data }) => {
          const message = receivedMessage({ topic, compressed: data, from: peer.toString() })
          // What is in hand at once is judged at once.
          return VERDICTS[receive(message instanceof Promise ? await message : message)]
        })
        pubsub.subscribe(topic)
      }
    },
    async judged() {
      await unpacking?.judged()
    },
    addDirect(peer) {
      internals.direct.add(peer)
    },
    removeDirect(peer) {
      internals.direct.delete(peer)
    },
    onConnectionClosed() {
      repair.openStreams()
    },
    repair() {
      repair.openStreams()
      repair.checkSubscriptions()
    }
  }
}

const VERDICTS: Record<Verdict, TopicValidatorResult> = {
  accept: TopicValidatorResult.Accept,
  reject: TopicValidatorResult.Reject,
  ignore: TopicValidatorResult.Ignore
}

/** Its own `push` prefixes the length with a codec that refuses more than 4 MiB; there is no option for it. */
function liftSendLimit(internals: GossipSubInternals): void {
  onStreamOpened(internals, (_, stream) => {
    stream.push = (bytes) => {
      stream.pushPrefixed(Buffer.concat([encodeVarint(bytes.length), bytes]))
    }
  })
}

function toAddressInfo(address: string) {
  const { peerId, multiaddr: written } = parsePeer(address)
  const addrs = isDialled({ multiaddr: written }) ? [multiaddr(written)] : []
  return { id: peerIdFromString(peerId), addrs }
}
