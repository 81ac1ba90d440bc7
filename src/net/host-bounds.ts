// Bounds of a host towards configured peers and strangers, as the parts of libp2p's configuration that enforce them.
import {
  type ConnectionGater,
  type MessageStream,
  type MultiaddrConnection,
  type StreamMuxerFactory
} from '@libp2p/interface'
import { type Arrivals, type HostArrivals } from './arrivals.ts'
import { boundedYamux, type MuxerLimits } from './bounded-muxer.ts'
import { ConnectionPlaces } from './connection-places.ts'
import { GossipIntake } from './gossip-intake.ts'
import { HalfOpen } from './half-open.ts'
import { guardedHandshake } from './handshake-guard.ts'
import { type Intake, type MuxedStream } from './muxed-stream.ts'
import { type RationRates, SharedRation } from './shared-ration.ts'
import { SharedWork } from './shared-work.ts'
import { atMost, identifyIntake, PING_MAX_BYTES } from './stream-intake.ts'

/** Connections that a host may have besides those of configured peers: each is a file of the process. */
export interface ConnectionBounds {
  /** Connections of peers that are not configured. */
  readonly strangersMax: number
  /** Inbound connections whose peer is not known yet; one address may have half of them. */
  readonly handshakesMax: number
}

/** Where the files of the process allow it. */
export const CONNECTION_BOUNDS: ConnectionBounds = { strangersMax: 100, handshakesMax: 64 }
/** A peer may be back before its old connection is known to be gone. */
const BY_PEER_MAX = 4
/** A handshake takes about 5 ms of a processor. */
const HANDSHAKE_RATES = {
  handshakesByAddress: { burstTokens: 60, tokensPerSecond: 30 },
  handshakesOfStrangers: { burstTokens: 120, tokensPerSecond: 60 }
}
/** From the first byte of an inbound connection until its peer is known. */
export const HANDSHAKE_MAX_MS = 5_000

const KEPT: MuxerLimits = {
  windowMaxBytes: 4 * 2 ** 20,
  streamsMax: 512,
  unsettledMax: 256,
  heldMaxBytes: 64 * 2 ** 20,
  heldInAllMaxBytes: Number.POSITIVE_INFINITY,
  writeMaxBytes: 128 * 2 ** 20,
  frames: { idleFrames: { burstTokens: 20_000, tokensPerSecond: 10_000 } }
}
const KEPT_WORK = { rate: { burstTokens: 4_000, tokensPerSecond: 2_000_000 }, sliceUnits: 2_000 }

const STRANGER: MuxerLimits = {
  windowMaxBytes: 2 ** 18,
  streamsMax: 64,
  unsettledMax: 32,
  heldMaxBytes: 4 * 2 ** 20,
  heldInAllMaxBytes: 48 * 2 ** 20,
  writeMaxBytes: 16 * 2 ** 20,
  frames: { idleFrames: { burstTokens: 2_000, tokensPerSecond: 200 } }
}
/** About 3 ms at once and a fifth of one processor, whatever all strangers together send: 40 MiB/s of bytes. */
const STRANGER_WORK = { rate: { burstTokens: 150, tokensPerSecond: 10_000 }, sliceUnits: 64 }

/**
 * Units of stream-intake.ts, of pushes too: an address is sorted and stored anew with every write to the peer store.
 * Honest messages have some 80.
 */
const IDENTIFY_RATES: RationRates = {
  own: { burstTokens: 128, tokensPerSecond: 2 },
  shared: { burstTokens: 512, tokensPerSecond: 512 }
}

/** Those whose name is not at hand share one ration. */
const UNKNOWN = 'unknown'

const GOSSIP_HELD_MAX_BYTES = 48 * 2 ** 20
const GOSSIP_FRAME_MAX_MS = 30_000

/** Dependencies of the bounds. */
export interface HostBoundsDeps {
  /** True for a peer that is neither dialled nor let in. */
  readonly isRefused: (peer: string) => boolean
  /** True for a peer that is kept connected: it has its place whatever strangers do. */
  readonly isKept: (peer: string) => boolean
  readonly gossipFrameMaxBytes: number
  readonly connections: ConnectionBounds
  readonly arrivals: HostArrivals
}

/** Read when it is needed: libp2p makes the muxer first. */
interface MuxerComponents {
  readonly registrar: { getProtocols: () => string[] }
}

/** Who is at the other end of a connection that has a muxer, and the connection below it. */
interface Secured {
  readonly below: MultiaddrConnection
  readonly peer: string
  readonly isStranger: boolean
  readonly arrivals: Arrivals
}

/** Parts of a libp2p configuration, to be used together and for one host. */
export function createHostBounds({
  isRefused,
  isKept,
  gossipFrameMaxBytes,
  connections: { strangersMax, handshakesMax },
  arrivals: all
}: HostBoundsDeps) {
  const halfOpen = new HalfOpen({
    ...HANDSHAKE_RATES,
    inAllMax: handshakesMax,
    byAddressMax: Math.ceil(handshakesMax / 2)
  })
  const places = new ConnectionPlaces({ strangersMax, byPeerMax: BY_PEER_MAX })
  const gossip = new GossipIntake({
    frameMaxBytes: gossipFrameMaxBytes,
    heldMaxBytes: GOSSIP_HELD_MAX_BYTES,
    frameMaxMs: GOSSIP_FRAME_MAX_MS
  })
  /** Connections below their handshake, as the gater has seen them. */
  const raw = new WeakMap<MessageStream, MultiaddrConnection>()
  const secured = new WeakMap<MessageStream, Secured>()
  const kinds = createKinds()
  const { protector, encrypter } = guardedHandshake({
    onAsked(connection) {
      const below = raw.get(connection)
      return below === undefined || halfOpen.ask(below)
    },
    onSecured(connection, stream, peer) {
      const below = raw.get(connection)
      const isStranger = below === undefined || !isKept(peer)
      const arrivals = all.open(peer)
      if (below !== undefined) {
        halfOpen.leave(below, !isStranger)
        secured.set(stream, { below, peer, isStranger, arrivals })
      }
      return { work: kinds[isStranger ? 'strangers' : 'kept'].work, arrivals }
    }
  })
  const connectionGater: ConnectionGater = {
    denyDialPeer: (peer) => isRefused(peer.toString()),
    denyInboundConnection(connection) {
      raw.set(connection, connection)
      halfOpen.enter(connection)
      return false
    },
    denyOutboundConnection(_, connection) {
      raw.set(connection, connection)
      return false
    },
    denyInboundEncryptedConnection(peer, connection) {
      const id = peer.toString()
      if (isRefused(id)) return true
      places.enter(connection, id, !isKept(id))
      return false
    },
    denyOutboundEncryptedConnection(peer, connection) {
      places.enter(connection, peer.toString(), !isKept(peer.toString()))
      return false
    }
  }
  return {
    connectionGater,
    connectionProtector: () => protector,
    encrypter,
    streamMuxer: muxerFor(kinds, { secured, places, gossip, all, gossipFrameMaxBytes })
  }
}

function createKinds() {
  return {
    kept: { limits: KEPT, work: new SharedWork(KEPT_WORK), held: new Set<() => number>() },
    strangers: {
      limits: STRANGER,
      work: new SharedWork(STRANGER_WORK),
      held: new Set<() => number>()
    }
  }
}

function muxerFor(
  { kept, strangers }: ReturnType<typeof createKinds>,
  {
    secured,
    places,
    gossip,
    all,
    gossipFrameMaxBytes
  }: {
    readonly secured: WeakMap<MessageStream, Secured>
    readonly places: ConnectionPlaces
    readonly gossip: GossipIntake
    readonly all: HostArrivals
    readonly gossipFrameMaxBytes: number
  }
) {
  const identified = new SharedRation(IDENTIFY_RATES)
  const isStranger = (connection: MessageStream) => secured.get(connection)?.isStranger ?? true
  return (components: MuxerComponents): StreamMuxerFactory =>
    boundedYamux({
      kindOf: (connection) => (isStranger(connection) ? strangers : kept),
      protocols: () => components.registrar.getProtocols(),
      intakeOf: (protocol, stream, connection) =>
        intakeOf(gossip, {
          protocol,
          stream,
          count: () =>
            all.openGossip(stream, secured.get(connection)?.arrivals, gossipFrameMaxBytes),
          isStranger: isStranger(connection),
          paysIdentify: (units) =>
            !isStranger(connection) ||
            identified.takes(secured.get(connection)?.peer ?? UNKNOWN, units)
        }),
      onHeard(connection) {
        const below = secured.get(connection)?.below
        if (below !== undefined) places.heard(below)
      },
      onStream(stream, connection) {
        const arrivals = secured.get(connection)?.arrivals
        if (arrivals !== undefined) all.noteStream(stream, arrivals)
      },
      arrivalsOf: (connection) => secured.get(connection)?.arrivals
    })
}

function intakeOf(
  gossip: GossipIntake,
  {
    protocol,
    stream,
    count,
    isStranger,
    paysIdentify
  }: {
    readonly protocol: string
    readonly stream: MuxedStream
    readonly count: () => Intake
    readonly isStranger: boolean
    readonly paysIdentify: (units: number) => boolean
  }
): Intake | undefined {
  const isOurs = stream.direction === 'outbound'
  if (protocol === '/ipfs/id/1.0.0') return isOurs ? identifyIntake(paysIdentify) : atMost(0)
  if (protocol === '/ipfs/id/push/1.0.0') return isOurs ? atMost(0) : identifyIntake(paysIdentify)
  if (protocol === '/ipfs/ping/1.0.0') return atMost(PING_MAX_BYTES)
  if (!protocol.startsWith('/meshsub/')) return undefined
  if (isOurs) return isStranger ? atMost(0) : undefined // gossip goes one way on a stream
  const counted = count()
  if (!isStranger) return counted
  const bounded = gossip.follow({
    onClosed(release) {
      stream.addEventListener('close', release)
    },
    abort(reason) {
      stream.abort(reason)
    }
  })
  return (bytes) => {
    bounded(bytes)
    counted(bytes)
  }
}
