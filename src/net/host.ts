// The libp2p host: TCP, noise, yamux, identify, ping and gossipsub (protocols.md, "Transport").
import { type GossipSub } from '@chainsafe/libp2p-gossipsub'
import { identify, type Identify, identifyPush, type IdentifyPush } from '@libp2p/identify'
import { type Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { ping, type Ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { errorMessage } from '../base/node-error.ts'
import { gossipService } from './gossip-mesh.ts'
import { findListenFailure } from './listen-failure.ts'
import { NetError } from './net-error.ts'
import { type PeerKey } from './peer-key.ts'
import { markProcess } from './process-mark.ts'

/** What a host is made of. */
export interface HostOptions {
  readonly peerKey: PeerKey
  /** Multiaddr to listen on; undefined: dials only. */
  readonly listen: string | undefined
  /** Multiaddrs with peer ids of the configured peers. */
  readonly peers: readonly string[]
  readonly chainId: bigint
  /** How long gossip remembers a message id. */
  readonly seenTtlMs: number
  /** As in `rekindle/1.2.3`; what tells this process from others with the same key is added. */
  readonly agentVersion: string
  /** True for a peer that is neither dialled nor let in. */
  readonly isRefused?: (peer: string) => boolean
}

/** The services of our hosts. */
export type HostServices = {
  identify: Identify
  identifyPush: IdentifyPush
  ping: Ping
  pubsub: GossipSub
}

/** A host of ours. */
export type Host = Libp2p<HostServices>

/** Connections of all peers; those of configured peers are never refused or pruned. */
const CONNECTIONS_MAX = 300
/** Connections that one address may open in a second, and that may be in their handshake. */
const INBOUND_PER_SECOND_MAX = 20
const INBOUND_PENDING_MAX = 50
/** A stream's receive window: what one stream may have in flight towards a slow reader. */
const STREAM_WINDOW_MAX_BYTES = 4 * 2 ** 20
const DIAL_TIMEOUT_MS = 5_000
/** A peer that stands still is let go of; one on a busy machine may take its time to answer. */
const PING_INTERVAL_MS = 10_000
const PING_TIMEOUT_MIN_MS = 10_000
const PING_TIMEOUT_MAX_MS = 20_000

/** Starts listening. Throws NetError `listen-unavailable`. */
export async function startHost(options: HostOptions): Promise<Host> {
  const { peerKey, listen, peers, chainId, seenTtlMs, agentVersion } = options
  const { isRefused = () => false } = options
  const host = await createLibp2p<HostServices>({
    privateKey: peerKey.privateKey,
    nodeInfo: { userAgent: markProcess(agentVersion) },
    addresses: { listen: listen === undefined ? [] : [listen] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: STREAM_WINDOW_MAX_BYTES } })],
    connectionManager: {
      maxConnections: CONNECTIONS_MAX,
      inboundConnectionThreshold: INBOUND_PER_SECOND_MAX,
      maxIncomingPendingConnections: INBOUND_PENDING_MAX,
      dialTimeout: DIAL_TIMEOUT_MS,
      allow: peers.flatMap(numericHost)
    },
    connectionMonitor: {
      pingInterval: PING_INTERVAL_MS,
      pingTimeout: { minTimeout: PING_TIMEOUT_MIN_MS, maxTimeout: PING_TIMEOUT_MAX_MS }
    },
    connectionGater: {
      denyDialPeer: (peer) => isRefused(peer.toString()),
      denyInboundEncryptedConnection: (peer) => isRefused(peer.toString())
    },
    services: {
      identify: identify(),
      // What we come to answer after a peer has connected, and what it does: asking goes by it.
      identifyPush: identifyPush(),
      ping: ping(),
      pubsub: gossipService({ chainId, seenTtlMs, directPeers: peers })
    },
    start: false
  })
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

/** The numeric host of an address, as the allow-list takes it; names are not in it. */
function numericHost(address: string): readonly string[] {
  const [host] = multiaddr(address).getComponents()
  if (host?.value === undefined || !['ip4', 'ip6'].includes(host.name)) return []
  return [`/${host.name}/${host.value}`]
}
