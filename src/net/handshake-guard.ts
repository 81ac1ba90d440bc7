// Connections before their muxer: the libraries that negotiate and shake hands read only what this lets through.
import {
  type ConnectionEncrypter,
  type ConnectionProtector,
  type MessageStream,
  type SecuredConnection,
  type StreamMessageEvent,
  type StreamMuxerFactory
} from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { NegotiationReader, settleProtocol } from './multistream.ts'

/** What one connection may send before its peer is known; a handshake takes less than 1 KiB of it. */
const HANDSHAKE_MAX_BYTES = 2 ** 19
const NOISE = '/noise'
const YAMUX = '/yamux/1.0.0'

/** What has to hear how far connections are. */
export interface HandshakeListener {
  /** The connection asks for a handshake. False: it is closed instead. */
  onAsked: (connection: MessageStream) => boolean
  /** Its peer has shown who it is; `secured` is what the muxer will use. */
  onSecured: (connection: MessageStream, secured: MessageStream, peer: string) => void
}

type NoiseComponents = Parameters<ReturnType<typeof noise>>[0]

/** Guard, and noise behind it, for one host: each connection goes through both, in this order. */
export function guardedHandshake({ onAsked, onSecured }: HandshakeListener) {
  const release = new WeakMap<MessageStream, () => void>()

  const protector: ConnectionProtector = {
    async protect(connection) {
      release.set(connection, guard(connection))
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
    release.get(connection)?.()
    onSecured(connection, secured.connection, secured.remotePeer.toString())
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

/**
 * Looks at what comes before any reader does, and cuts the connection where it is no negotiation of noise. Returns
 * what ends it. To be called before anything has come.
 */
function guard(connection: MessageStream): () => void {
  const reader = new NegotiationReader()
  let isSettled = false
  let length = 0
  const onMessage = (event: StreamMessageEvent) => {
    try {
      const bytes = event.data.subarray()
      length += bytes.length
      if (length > HANDSHAKE_MAX_BYTES) throw new RangeError('more bytes than a handshake has')
      isSettled ||= reader.push(bytes, (line) => line === NOISE) !== undefined
    } catch (thrown) {
      event.stopImmediatePropagation()
      connection.removeEventListener('message', onMessage)
      connection.abort(thrown instanceof Error ? thrown : new Error('unknown failure'))
    }
  }
  connection.addEventListener('message', onMessage)
  return () => {
    connection.removeEventListener('message', onMessage)
  }
}
