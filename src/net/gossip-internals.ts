// The parts of gossipsub that it keeps to itself and that block gossip cannot do without, in one place.
import { type GossipSub } from '@chainsafe/libp2p-gossipsub'
import { type Connection, type PeerId } from '@libp2p/interface'

/** One stream to a peer, as gossipsub holds it. */
export interface OutboundStream {
  push(bytes: Uint8Array): void
  pushPrefixed(bytes: Uint8Array): void
  readonly rawStream: {
    readonly status: string
    readonly writeStatus: string
    addEventListener(type: 'close', listener: () => void): void
  }
}

/** One message as StrictNoSign sends it. */
export interface RawMessage {
  readonly topic: string
  readonly data: Uint8Array
}

/** One RPC as it came, without its length: one piece of bytes or several. */
export interface RpcBytes {
  subarray(): Uint8Array
}

/** What is not public of gossipsub. */
export interface GossipSubInternals {
  /** By peer id. */
  readonly streamsOutbound: Map<string, OutboundStream>
  /** The stream that is read from each peer, the latest. */
  readonly streamsInbound: Map<string, { readonly source: unknown; readonly rawStream: object }>
  /** Peer ids of the direct peers. */
  readonly direct: Set<string>
  readonly components: { readonly registrar: { getTopologies(protocol: string): Topology[] } }
  /** False when there is no stream to the peer, or it takes no more. */
  sendRpc(
    peer: string,
    rpc: { readonly subscriptions: []; readonly messages: readonly RawMessage[] }
  ): boolean
  handlePeerReadStreamError(error: Error, peer: PeerId): void
  /** Decodes and handles what comes on a peer's stream, until it ends. Called once for each stream. */
  pipePeerReadStream(peer: PeerId, rpcs: AsyncIterable<RpcBytes>): Promise<void>
  /** Called for each message of an RPC, without waiting for the one before. Never rejects. */
  handleReceivedMessage(from: PeerId, message: RawMessage): Promise<void>
  /** Messages that peers said they would send; a peer that breaks its word loses score. */
  readonly gossipTracer: { readonly promises: Map<string, Map<string, number>> }
}

interface Topology {
  onConnect?(peerId: PeerId, connection: Connection): void
}

/** Throws when the library no longer is what this was written for. */
export function internalsOf(pubsub: GossipSub): GossipSubInternals {
  // Its types name these members private; whether they are there is looked at below.
  const internals = pubsub as unknown as GossipSubInternals
  const isKnown =
    internals.streamsOutbound instanceof Map &&
    internals.streamsInbound instanceof Map &&
    internals.direct instanceof Set &&
    typeof internals.sendRpc === 'function' &&
    typeof internals.handlePeerReadStreamError === 'function' &&
    typeof internals.pipePeerReadStream === 'function' &&
    typeof internals.handleReceivedMessage === 'function' &&
    internals.gossipTracer.promises instanceof Map
  if (!isKnown) {
    throw new Error(
      'this version of gossipsub is built differently; see src/net/gossip-internals.ts'
    )
  }
  return internals
}

/** Calls back with each stream that gossipsub opens to a peer, before anything is sent on it. */
export function onStreamOpened(
  { streamsOutbound }: Pick<GossipSubInternals, 'streamsOutbound'>,
  callback: (peer: string, stream: OutboundStream) => void
): void {
  const add = streamsOutbound.set.bind(streamsOutbound)
  streamsOutbound.set = (peer, stream) => {
    callback(peer, stream)
    return add(peer, stream)
  }
}

/** What was read from a stream of a peer, and what of it gossipsub is to read. */
export type ReadRpcs = (
  rpcs: AsyncIterable<RpcBytes>,
  from: { readonly peer: string; readonly stream: object }
) => AsyncIterable<RpcBytes>

/**
 * `pass` stands between each stream of a peer and gossipsub. Throws when that reads from a stream that it has not put
 * in its place: such a one could not be followed.
 */
export function onStreamRead(internals: GossipSubInternals, pass: ReadRpcs): void {
  const read = internals.pipePeerReadStream.bind(internals)
  internals.pipePeerReadStream = (peer, rpcs) => {
    const stream = internals.streamsInbound.get(peer.toString())
    if (stream?.source !== rpcs) {
      throw new Error(
        'this version of gossipsub reads differently; see src/net/gossip-internals.ts'
      )
    }
    return read(peer, pass(rpcs, { peer: peer.toString(), stream: stream.rawStream }))
  }
}

/** Holds nothing against a peer whose messages were refused unseen: what it promised may be among them. */
export function forgivePromises(
  { gossipTracer }: Pick<GossipSubInternals, 'gossipTracer'>,
  peer: string
): void {
  for (const expiryByPeer of gossipTracer.promises.values()) expiryByPeer.delete(peer)
}

/**
 * A stream whose connection closed while it was being opened is kept by gossipsub although nothing goes
 * through it: it came too late to hear of its own end. Such a one is removed here.
 */
export function hasLiveStream({ streamsOutbound }: GossipSubInternals, peer: string): boolean {
  const stream = streamsOutbound.get(peer)
  if (stream === undefined) return false
  const { status, writeStatus } = stream.rawStream
  if (status === 'open' && writeStatus === 'writable') return true
  streamsOutbound.delete(peer)
  return false
}

/**
 * gossipsub opens its stream on a peer's first connection and does not open another when that connection
 * closes while a second one stays; telling it of the second one again makes it do so.
 */
export function announceConnection(
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
