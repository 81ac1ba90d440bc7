// A libp2p peer of the suite's own: TCP, noise, yamux, identify, ping (protocols/README.md, "Transport").
import './with-resolvers.ts'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify, type Identify } from '@libp2p/identify'
import { type Connection, type Libp2p, type PrivateKey, type Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { ping, type Ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { setTimeout as delay } from 'node:timers/promises'
import { withPatience } from './patience.ts'

/** A peer of the suite. */
export type SuiteHost = Libp2p<{ identify: Identify; ping: Ping }>

const DIAL_ATTEMPTS = 4
const DIAL_PAUSE_MS = 500
const DIAL_TIMEOUT_MS = 5_000
const STREAM_TIMEOUT_MS = 5_000

/** What a peer may be made of; by default it has a new key and does not listen. */
export interface SuiteHostOptions {
  readonly privateKey?: PrivateKey
  readonly listen?: string
  /** The loopback address that it dials from; the system's choice without. */
  readonly localAddress?: string
}

/**
 * What our end does by itself: nothing. It answers identify and ping, and asks when a case does; and it closes no
 * connection because an answer was slow: when one closes, that is the node's doing.
 */
const QUIET = {
  connectionMonitor: { enabled: false },
  services: { identify: identify({ runOnConnectionOpen: false }), ping: ping() }
} as const

/** Starts a peer. The caller stops it. */
export async function startSuiteHost(options: SuiteHostOptions = {}): Promise<SuiteHost> {
  const { privateKey = await generateKeyPair('secp256k1'), listen, localAddress } = options
  const dialOpts = { noDelay: true, ...(localAddress !== undefined && { localAddress }) }
  return createLibp2p({
    privateKey,
    addresses: { listen: listen === undefined ? [] : [listen] },
    transports: [tcp({ dialOpts })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { reconnectRetries: 0, inboundConnectionThreshold: 1_000 },
    ...QUIET
  })
}

/** Dials, a few times: a node may hold back who dials often. Throws the last failure. */
export async function dialNode(host: SuiteHost, target: string): Promise<Connection> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await withPatience(DIAL_TIMEOUT_MS, (signal) =>
        host.dial(multiaddr(target), { force: true, signal })
      )
    } catch (thrown) {
      if (attempt === DIAL_ATTEMPTS) throw thrown
      await delay(DIAL_PAUSE_MS * attempt)
    }
  }
}

/** A new stream; undefined when the node does not know the protocol. */
export async function openStream(
  connection: Connection,
  protocol: string
): Promise<Stream | undefined> {
  try {
    return await withPatience(STREAM_TIMEOUT_MS, (signal) =>
      connection.newStream(protocol, { signal })
    )
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === 'UnsupportedProtocolError') return undefined
    throw thrown
  }
}
