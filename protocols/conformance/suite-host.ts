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
import { NodeAway } from './verdict.ts'

/** A peer of the suite. */
export type SuiteHost = Libp2p<{ identify: Identify; ping: Ping }>

const DIAL_ATTEMPTS = 5
const DIAL_PAUSE_MS = 500
const DIAL_TIMEOUT_MS = 5_000
const STREAM_TIMEOUT_MS = 5_000
const CLOSE_TIMEOUT_MS = 1_000

/** What a peer may be made of; by default it has a new key and does not listen. */
export interface SuiteHostOptions {
  readonly privateKey?: PrivateKey
  readonly listen?: string
  /** The loopback address that it dials from; the system's choice without. */
  readonly localAddress?: string
  /**
   * Registers what it answers. It runs before there can be a connection: a node may go by what identify lists, and
   * then never sees what is registered later.
   */
  readonly register?: (host: SuiteHost) => Promise<void>
}

/**
 * What our end does by itself: nothing. It answers identify and ping, and asks when a case does; and it closes no
 * connection because an answer was slow: when one closes, that is the node's doing.
 */
const QUIET = {
  connectionMonitor: { enabled: false },
  services: { identify: identify({ runOnConnectionOpen: false }), ping: ping() }
} as const

/** Starts a peer. The caller stops it by stopSuiteHost. */
export async function startSuiteHost(options: SuiteHostOptions = {}): Promise<SuiteHost> {
  const { privateKey = await generateKeyPair('secp256k1'), listen, localAddress } = options
  const { register } = options
  const dialOpts = { noDelay: true, ...(localAddress !== undefined && { localAddress }) }
  const host = await createLibp2p({
    start: false,
    privateKey,
    addresses: { listen: listen === undefined ? [] : [listen] },
    transports: [tcp({ dialOpts })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { reconnectRetries: 0, inboundConnectionThreshold: 1_000 },
    ...QUIET
  })
  await register?.(host)
  await host.start()
  return host
}

/**
 * Ends a peer. Each connection is closed first, and its end is waited for: libp2p waits for a socket to drain that the
 * node has already closed, by a timer that keeps no process alive.
 */
export async function stopSuiteHost(host: SuiteHost): Promise<void> {
  await Promise.all(host.getConnections().map(closeConnection))
  await host.stop()
}

async function closeConnection(connection: Connection): Promise<void> {
  const isClosed = new Promise<void>((resolve) => {
    connection.addEventListener('close', () => {
      resolve()
    })
  })
  if (connection.status !== 'open') return
  try {
    await withPatience(CLOSE_TIMEOUT_MS, (signal) =>
      Promise.race([isClosed, connection.close({ signal })])
    )
  } catch {
    connection.abort(new Error('it does not close')) // its end is all that matters here
  }
}

/** Dials, a few times: a node may hold back who dials often. Throws NodeAway with the last failure. */
export async function dialNode(host: SuiteHost, target: string): Promise<Connection> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await withPatience(DIAL_TIMEOUT_MS, (signal) =>
        host.dial(multiaddr(target), { force: true, signal })
      )
    } catch (thrown) {
      if (attempt === DIAL_ATTEMPTS) {
        const reason = thrown instanceof Error ? thrown.message : 'it does not answer'
        throw new NodeAway(`the node cannot be dialled: ${reason}`, { cause: thrown })
      }
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
