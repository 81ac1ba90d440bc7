// A connection after its handshake, without a muxer of its own, and the one below it.
import { generateKeyPair } from '@libp2p/crypto/keys'
import {
  type MessageStream,
  type StreamMuxer,
  type StreamMuxerEvents,
  TypedEventEmitter
} from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

/** One connection after its handshake. */
export interface Muxed {
  /** Without a muxer: frames are written as they are. */
  readonly connection: MessageStream
  /** Below its encryption. */
  readonly below: MessageStream
}

/** Dials with a new key each time; what comes is thrown away. */
export async function openBoth(address: string): Promise<Muxed> {
  let below: MessageStream | undefined
  let raw: MessageStream | undefined
  const muxers = () => ({
    protocol: '/yamux/1.0.0',
    createStreamMuxer(connection: MessageStream) {
      raw = connection
      connection.addEventListener('message', () => undefined)
      return new NoMuxer()
    }
  })
  const host = await createLibp2p({
    privateKey: await generateKeyPair('Ed25519'),
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [muxers],
    connectionGater: {
      denyOutboundConnection(_, connection) {
        below = connection
        return false
      }
    },
    connectionMonitor: { enabled: false }
  })
  await host.dial(multiaddr(address))
  if (raw === undefined || below === undefined) throw new Error('no muxer was asked for')
  return { connection: raw, below }
}

class NoMuxer extends TypedEventEmitter<StreamMuxerEvents> implements StreamMuxer {
  readonly protocol = '/yamux/1.0.0'
  readonly streams = []
  readonly status = 'open'

  async createStream(): Promise<never> {
    throw new Error('there are no streams')
  }

  async close(): Promise<void> {
    await Promise.resolve()
  }

  abort(): void {
    this.streams.length = 0
  }
}
