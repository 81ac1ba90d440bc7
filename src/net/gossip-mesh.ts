// gossipsub as block gossip needs it: parameters of the OP Stack, StrictNoSign, our validation, large messages.
import { createHash } from 'node:crypto'
import { gossipsub, type GossipSub, TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import { type Connection, type Libp2p, type PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { COMPRESSED_MAX_BYTES, messageId } from '../../protocols/gossip/codec.ts'
import { MESH } from '../../protocols/gossip/parameters.ts'
import { blocksTopic, TOPIC_VERSIONS } from '../../protocols/gossip/topic.ts'
import { type BlockMesh, type ReceivedMessage, type Verdict } from '../gossip/block-gossip.ts'
import { encodeVarint } from './varint.ts'

/** A frame carries its message, the topic and a little control. */
const FRAME_MAX_BYTES = COMPRESSED_MAX_BYTES + 2 ** 16
/** What may wait for one slow reader before its gossip stream is given up. */
const OUTBOUND_MAX_BYTES = 8 * COMPRESSED_MAX_BYTES
/** gossipsub's own redialling waits for its dials inside the heartbeat; dialer.ts does it outside. */
const NEVER = Number.MAX_SAFE_INTEGER

/** One stream to a peer, as gossipsub holds it: the part of it that is not public. */
interface OutboundStream {
  push(bytes: Uint8Array): void
  pushPrefixed(bytes: Uint8Array): void
  readonly rawStream: { readonly status: string; readonly writeStatus: string }
}

/** What gossipsub keeps to itself and has no other way to reach. */
interface GossipSubInternals {
  readonly streamsOutbound: Map<string, OutboundStream>
  /** Peer ids of the direct peers. */
  readonly direct: Set<string>
  readonly components: { readonly registrar: { getTopologies(protocol: string): Topology[] } }
  handlePeerReadStreamError(error: Error, peer: PeerId): void
}

interface Topology {
  onConnect?(peerId: PeerId, connection: Connection): void
}

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
    msgIdFn: ({ topic, data }) => messageId(sha256, topic, data),
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
  /** Subscribes to all block topics; `receive` judges every message. */
  listen(receive: (message: ReceivedMessage) => Verdict): void
  /** A direct peer is always sent to, never pruned or graylisted. */
  addDirect(peer: string): void
  removeDirect(peer: string): void
  /** Opens a gossip stream to every connected peer that should have one and has none. */
  repair(): void
}

/** Joins a host's gossipsub to our rules. Throws when the library no longer is what this was written for. */
export function createGossipMesh(
  host: Libp2p,
  pubsub: GossipSub,
  { chainId, directPeers }: Pick<GossipMeshOptions, 'chainId' | 'directPeers'>
): GossipMesh {
  const internals = pubsub as unknown as GossipSubInternals
  liftSendLimit(internals)
  keepPeerOnReadError(host, internals, pubsub.protocols)
  const subscriptions = createSubscriptionWatch(host, pubsub, { chainId, directPeers })
  const speakers = watchSpeakers(host, pubsub.protocols)
  return {
    async publish(topic, compressed) {
      const { recipients } = await pubsub.publish(topic, compressed)
      return recipients.length
    },
    listen(handle) {
      for (const version of TOPIC_VERSIONS) {
        const topic = blocksTopic(chainId, version)
        pubsub.topicValidators.set(topic, (peer, { data }) => {
          return VERDICTS[handle({ topic, compressed: data, from: peer.toString() })]
        })
        pubsub.subscribe(topic)
      }
    },
    addDirect(peer) {
      internals.direct.add(peer)
    },
    removeDirect(peer) {
      internals.direct.delete(peer)
    },
    repair() {
      for (const connection of newestConnections(host)) {
        const peer = connection.remotePeer.toString()
        if (hasLiveStream(internals, peer) || !speakers.has(peer)) continue
        announceConnection(internals, pubsub.protocols, connection)
      }
      subscriptions.check()
    }
  }
}

const VERDICTS: Record<Verdict, TopicValidatorResult> = {
  accept: TopicValidatorResult.Accept,
  reject: TopicValidatorResult.Reject,
  ignore: TopicValidatorResult.Ignore
}

/**
 * Connected peers that speak gossipsub. One that does not must not be announced: gossipsub would keep it for
 * good and count it among the peers of its address, until it hears nobody from there any more.
 */
function watchSpeakers(host: Libp2p, protocols: readonly string[]): ReadonlySet<string> {
  const speakers = new Set<string>()
  host.addEventListener('peer:identify', ({ detail }) => {
    if (detail.protocols.some((protocol) => protocols.includes(protocol))) {
      speakers.add(detail.peerId.toString())
    }
  })
  host.addEventListener('peer:disconnect', ({ detail }) => {
    speakers.delete(detail.toString())
  })
  return speakers
}

/**
 * A stream whose connection closed while it was being opened is kept by gossipsub although nothing goes
 * through it: it came too late to hear of its own end. Such a one is let go of here.
 */
function hasLiveStream({ streamsOutbound }: GossipSubInternals, peer: string): boolean {
  const stream = streamsOutbound.get(peer)
  if (stream === undefined) return false
  const { status, writeStatus } = stream.rawStream
  if (status === 'open' && writeStatus === 'writable') return true
  streamsOutbound.delete(peer)
  return false
}

/** Its own `push` prefixes the length with a codec that refuses more than 4 MiB; there is no option for it. */
function liftSendLimit({ streamsOutbound }: GossipSubInternals): void {
  if (!(streamsOutbound instanceof Map)) {
    throw new Error(
      'this version of gossipsub keeps its streams elsewhere; see src/net/gossip-mesh.ts'
    )
  }
  const add = streamsOutbound.set.bind(streamsOutbound)
  streamsOutbound.set = (peer, stream) => {
    stream.push = (bytes) => {
      stream.pushPrefixed(Buffer.concat([encodeVarint(bytes.length), bytes]))
    }
    return add(peer, stream)
  }
}

/**
 * gossipsub opens its stream on a peer's first connection and does not open another when that connection
 * closes while a second one stays; telling it of the second one again makes it do so.
 */
function announceConnection(
  { components }: GossipSubInternals,
  protocols: readonly string[],
  connection: Connection
): void {
  for (const protocol of protocols) {
    for (const topology of components.registrar.getTopologies(protocol)) {
      topology.onConnect?.(connection.remotePeer, connection)
    }
  }
}

/**
 * gossipsub forgets a peer, its subscriptions with it, when any stream it reads from it fails, be it one of
 * a connection that was replaced; the peer does not hear of that, and never says again what it subscribes to.
 * While a connection is open, the peer stays, and its streams are reset: it opens another and says so there.
 */
function keepPeerOnReadError(
  host: Libp2p,
  internals: GossipSubInternals,
  protocols: readonly string[]
): void {
  const forget = internals.handlePeerReadStreamError.bind(internals)
  internals.handlePeerReadStreamError = (error, peer) => {
    const isConnected = host.getConnections(peer).some(({ status }) => status === 'open')
    if (isConnected) resetGossipFrom(host, protocols, peer)
    else forget(error, peer)
  }
}

function resetGossipFrom(host: Libp2p, protocols: readonly string[], peer: PeerId): void {
  for (const { streams } of host.getConnections(peer)) {
    for (const stream of streams) {
      if (stream.direction !== 'inbound' || !protocols.includes(stream.protocol)) continue
      stream.abort(new Error('gossip begins anew'))
    }
  }
}

/** A configured peer that is connected and not subscribed at two checks running is asked to begin anew. */
function createSubscriptionWatch(
  host: Libp2p,
  pubsub: GossipSub,
  { chainId, directPeers }: Pick<GossipMeshOptions, 'chainId' | 'directPeers'>
) {
  const topics = TOPIC_VERSIONS.map((version) => blocksTopic(chainId, version))
  const peers = directPeers.map((address) => toAddressInfo(address).id)
  let silentBefore = new Set<string>()
  return {
    check() {
      const subscribed = new Set(
        topics.flatMap((topic) => pubsub.getSubscribers(topic).map(String))
      )
      const silent = peers.filter(
        (peer) => host.getConnections(peer).length > 0 && !subscribed.has(peer.toString())
      )
      for (const peer of silent) {
        if (silentBefore.has(peer.toString())) resetGossipFrom(host, pubsub.protocols, peer)
      }
      silentBefore = new Set(silent.map(String))
    }
  }
}

function newestConnections(host: Libp2p): Iterable<Connection> {
  const newest = new Map<string, Connection>()
  for (const connection of host.getConnections()) {
    const peer = connection.remotePeer.toString()
    const known = newest.get(peer)
    if (connection.status !== 'open') continue
    if (known === undefined || known.timeline.open <= connection.timeline.open) {
      newest.set(peer, connection)
    }
  }
  return newest.values()
}

function toAddressInfo(address: string) {
  const parsed = multiaddr(address)
  const id = parsed.getComponents().findLast(({ name }) => name === 'p2p')?.value ?? ''
  return { id: peerIdFromString(id), addrs: [parsed] }
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}
