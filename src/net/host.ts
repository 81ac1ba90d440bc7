// The libp2p host: TCP, noise, yamux, identify, ping and gossipsub (protocols/README.md, "Transport").
import { type GossipSub } from '@chainsafe/libp2p-gossipsub'
import { identify, type Identify, identifyPush, type IdentifyPush } from '@libp2p/identify'
import { type Libp2p } from '@libp2p/interface'
import { ping, type Ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { errorMessage } from '../base/node-error.ts'
import { HostArrivals } from './arrivals.ts'
import { forgetStrangers } from './forget-strangers.ts'
import { internalsOf } from './gossip-internals.ts'
import { FRAME_MAX_BYTES, gossipService } from './gossip-mesh.ts'
import {
  CONNECTION_BOUNDS,
  type ConnectionBounds,
  createHostBounds,
  HANDSHAKE_MAX_MS
} from './host-bounds.ts'
import { findListenFailure } from './listen-failure.ts'
import { STREAM_NEGOTIATION_MS } from './muxed-stream.ts'
import { NetError } from './net-error.ts'
import { type PeerKey } from './peer-key.ts'
import { markProcess } from './process-mark.ts'
import { quietLogger } from './quiet-logger.ts'

/** What a host is made of. */
export interface HostOptions {
  readonly peerKey: PeerKey
  /** Multiaddr to listen on; undefined: dials only. */
  readonly listen: string | undefined
  /** Multiaddrs that peers are told in place of where the host listens; empty: those. */
  readonly advertise?: readonly string[]
  /** Multiaddrs with peer ids of the configured peers. */
  readonly peers: readonly string[]
  readonly chainId: bigint
  /** How long gossip remembers a message id. */
  readonly seenTtlMs: number
  /** As in `rekindle/1.2.3`; what tells this process from others with the same key is added. */
  readonly agentVersion: string
  /** True for a peer that is neither dialled nor let in. */
  readonly isRefused?: (peer: string) => boolean
  /** Left out: as many as a host has where nothing is short. */
  readonly connections?: ConnectionBounds
}

/** The services of our hosts. */
export type HostServices = {
  identify: Identify
  identifyPush: IdentifyPush
  ping: Ping
  pubsub: GossipSub
  /** What its connections have brought. */
  arrivals: HostArrivals
}

/** A host of ours. */
export type Host = Libp2p<HostServices>

/** The library refuses who comes last; host-bounds.ts makes room instead. */
const UNBOUNDED = Number.MAX_SAFE_INTEGER
/** Connections that are accepted in one go; each takes about half a millisecond. */
const ACCEPTS_MAX = 64
const DIAL_TIMEOUT_MS = 5_000
/** A peer that answers no ping is disconnected; one on a busy machine may take its time to answer. */
const PING_INTERVAL_MS = 10_000
const PING_TIMEOUT_MIN_MS = 10_000
const PING_TIMEOUT_MAX_MS = 20_000

/** Starts listening. Throws NetError `listen-unavailable`. */
export async function startHost(options: HostOptions): Promise<Host> {
  const { peerKey, listen, peers, chainId, seenTtlMs, agentVersion } = options
  const { isRefused = () => false, connections = CONNECTION_BOUNDS, advertise = [] } = options
  const logger = quietLogger()
  let host: Host | undefined = undefined
  const isKept = (peer: string) =>
    host !== undefined && internalsOf(host.services.pubsub).direct.has(peer)
  const arrivals = new HostArrivals()
  const bounds = createHostBounds({
    arrivals,
    isRefused,
    isKept,
    connections,
    gossipFrameMaxBytes: FRAME_MAX_BYTES
  })
  host = await createLibp2p<HostServices>({
    privateKey: peerKey.privateKey,
    nodeInfo: { userAgent: markProcess(agentVersion) },
    addresses: { listen: listen === undefined ? [] : [listen], announce: [...advertise] },
    transports: [tcp({ backlog: ACCEPTS_MAX })],
    ...(logger && { logger }),
    connectionProtector: bounds.connectionProtector,
    connectionEncrypters: [bounds.encrypter],
    streamMuxers: [bounds.streamMuxer],
    connectionManager: {
      maxConnections: UNBOUNDED,
      inboundConnectionThreshold: UNBOUNDED,
      maxIncomingPendingConnections: UNBOUNDED,
      inboundUpgradeTimeout: HANDSHAKE_MAX_MS,
      inboundStreamProtocolNegotiationTimeout: STREAM_NEGOTIATION_MS,
      dialTimeout: DIAL_TIMEOUT_MS
    },
    connectionMonitor: {
      pingInterval: PING_INTERVAL_MS,
      pingTimeout: { minTimeout: PING_TIMEOUT_MIN_MS, maxTimeout: PING_TIMEOUT_MAX_MS }
    },
    connectionGater: bounds.connectionGater,
    services: {
      identify: identify(),
      // What we come to answer after a peer has connected, and what it does: asking goes by it.
      identifyPush: identifyPush(),
      ping: ping(),
      pubsub: gossipService({ chainId, seenTtlMs, directPeers: peers }),
      arrivals: () => arrivals
    },
    start: false
  })
  forgetStrangers(host, isKept)
  try {
    await host.start()
  } catch (thrown) {
    await host.stop()
    if (listen === undefined) throw thrown
    const cause = (await findListenFailure(listen)) ?? thrown
    const reason = errorMessage(cause)
    throw new NetError({ code: 'listen-unavailable', multiaddr: listen, reason }, { cause })
  }
  return host
}
