// Connections before their muxer: the libraries that negotiate and shake hands read only what this lets through.
import {
  type ConnectionEncrypter,
  type ConnectionProtector,
  type MessageStream,
  type SecuredConnection,
  type StreamMuxerFactory
} from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { type Arrivals } from './arrivals.ts'
import { settleProtocol } from './multistream.ts'
import { type SharedWork } from './shared-work.ts'
import { guardSocket, type SocketGuard } from './socket-guard.ts'

const YAMUX = '/yamux/1.0.0'

/** What has to hear how far connections are. */
export interface HandshakeListener {
  /** The connection asks for a handshake. False: it is closed instead. */
  onAsked: (connection: MessageStream) => boolean
  /**
   * Its peer has shown who it is; `secured` is what the muxer will use. Returns the work in which what it sends from
   * now on has its share, and where that is counted.
   */
  onSecured: (
    connection: MessageStream,
    secured: MessageStream,
    peer: string
  ) => { readonly work: SharedWork; readonly arrivals: Arrivals }
}

type NoiseComponents = Parameters<ReturnType<typeof noise>>[0]

/** Guard, and noise behind it, for one host: each connection goes through both, in this order. */
export function guardedHandshake({ onAsked, onSecured }: HandshakeListener) {
  const guards = new WeakMap<MessageStream, SocketGuard>()

  const protector: ConnectionProtector = {
    async protect(connection) {
      guards.set(connection, guardSocket(connection))
      return connection
    }
  }

  async function secure(
    connection: MessageStream,
    shake: () => Promise<SecuredConnection>,
    settleMuxer: (secured: MessageStream) => Promise<StreamMuxerFactory>
  ): Promise<SecuredConnection> {
    if (!onAsked(connection)) throw new Error('too many handshakes from this address')
    const secured = await shake()
    const peer = secured.remotePeer.toString()
    const { work, arrivals } = onSecured(connection, secured.connection, peer)
    guards.get(connection)?.share(work, arrivals)
    const streamMuxer = secured.streamMuxer ?? (await settleMuxer(secured.connection))
    return { ...secured, streamMuxer }
  }

  function encrypter(components: NoiseComponents): ConnectionEncrypter {
    const inner = noise()(components)
    const settleMuxer = async (
      secured: MessageStream,
      isInitiator: boolean,
      signal: AbortSignal | undefined
    ) => {
      await settleProtocol(secured, YAMUX, { isInitiator, signal })
      const muxer = components.upgrader.getStreamMuxers().get(YAMUX)
      if (muxer === undefined) throw new Error('the host has no muxer')
      return muxer
    }
    return {
      protocol: inner.protocol,
      secureInbound: (connection, options) =>
        secure(
          connection,
          () => inner.secureInbound(connection, options),
          (secured) => settleMuxer(secured, false, options?.signal)
        ),
      secureOutbound: (connection, options) =>
        secure(
          connection,
          () => inner.secureOutbound(connection, options),
          (secured) => settleMuxer(secured, true, options?.signal)
        )
    }
  }

  return { protector, encrypter }
}
