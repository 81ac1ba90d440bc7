// A libp2p peer driven by hand: TCP, multistream-select, noise, and below the muxer frames of any kind.
import { generateKeyPair } from '@libp2p/crypto/keys'
import {
  type ComponentLogger,
  type Logger,
  type MessageStream,
  type MultiaddrConnection,
  type Upgrader
} from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { varint } from '../../../../protocols/conformance/gossip-wire.ts'

const MULTISTREAM = '/multistream/1.0.0'
const NEGOTIATE_TIMEOUT_MS = 10_000

/** What a stranger does with the bytes of an encrypted connection on which yamux was agreed, and of the one below it. */
export type RawPeerWork = (connection: MessageStream, below: MessageStream) => Promise<void>

/** Whom to dial, and as whom. */
export interface RawPeerOptions {
  /** Multiaddr with peer id. */
  readonly multiaddr: string
  readonly localAddress: string
  readonly signal: AbortSignal
}

/** Dials, negotiates noise and yamux, and does the work; the connection is gone when it ends. */
export async function withRawPeer(options: RawPeerOptions, work: RawPeerWork): Promise<void> {
  const { localAddress, signal } = options
  const dialOpts = { noDelay: true, localAddress }
  const transport = tcp({ dialOpts })({ logger: SILENT_COMPONENTS })
  const done = new Error('the work is done')
  const upgradeOutbound = async (raw: MultiaddrConnection): Promise<never> => {
    await work(await agreeOnYamux(raw, signal), raw)
    throw done // whatever is thrown here makes the transport close the connection
  }
  const upgrader = { upgradeOutbound, getStreamMuxers: () => new Map() } as Partial<Upgrader>
  try {
    await transport.dial(multiaddr(options.multiaddr), { signal, upgrader: upgrader as Upgrader })
  } catch (thrown) {
    if (thrown !== done) throw thrown
  }
}

/** Resolves when the connection is gone. */
export async function untilGone(connection: MessageStream): Promise<void> {
  if (connection.status !== 'open') return
  await new Promise<void>((resolve) => {
    connection.addEventListener('close', () => {
      resolve()
    })
  })
}

/** Sends, and waits while the other side takes nothing. Throws when the connection is gone. */
export async function sendAll(
  connection: MessageStream,
  bytes: Uint8Array,
  signal: AbortSignal
): Promise<void> {
  if (!connection.send(bytes)) await connection.onDrain({ signal })
}

/** Bytes of multistream-select: each line with its length before it. */
export function negotiation(...protocols: readonly string[]): Uint8Array {
  const lines = protocols.map((protocol) => {
    const line = Buffer.from(`${protocol}\n`)
    return Buffer.concat([varint(line.length), line])
  })
  return Buffer.concat(lines)
}

/** What opens every negotiation, and one protocol. */
export function proposal(protocol: string): Uint8Array {
  return negotiation(MULTISTREAM, protocol)
}

async function agreeOnYamux(raw: MultiaddrConnection, signal: AbortSignal): Promise<MessageStream> {
  const ending = AbortSignal.any([signal, AbortSignal.timeout(NEGOTIATE_TIMEOUT_MS)])
  await agree(raw, '/noise', ending)
  const privateKey = await generateKeyPair('secp256k1')
  const upgrader = { getStreamMuxers: () => new Map() } as Partial<Upgrader>
  const encrypter = noise()({
    privateKey,
    peerId: peerIdFromPrivateKey(privateKey),
    logger: SILENT_COMPONENTS,
    upgrader: upgrader as Upgrader
  })
  const { connection } = await encrypter.secureOutbound(raw, {
    signal: ending,
    skipStreamMuxerNegotiation: true
  })
  await agree(connection, '/yamux/1.0.0', ending)
  // Nobody reads what comes from now on, unless the work does: it is thrown away, so that the node can send.
  connection.addEventListener('message', () => undefined)
  return connection
}

/** Proposes one protocol and waits until both lines have come back. */
async function agree(stream: MessageStream, protocol: string, signal: AbortSignal): Promise<void> {
  const wanted = proposal(protocol)
  const parts: Uint8Array[] = []
  await new Promise<void>((resolve, reject) => {
    const finish = (failure?: Error) => {
      stream.removeEventListener('message', onMessage)
      if (failure === undefined) resolve()
      else reject(failure)
    }
    const onMessage = ({ data }: { readonly data: { subarray(): Uint8Array } }) => {
      parts.push(data.subarray())
      const bytes = Buffer.concat(parts)
      if (bytes.length < wanted.length) return
      finish(bytes.equals(wanted) ? undefined : new Error(`the node does not take ${protocol}`))
    }
    stream.addEventListener('message', onMessage)
    stream.addEventListener('close', () => {
      finish(new Error('closed'))
    })
    signal.addEventListener('abort', () => {
      finish(new Error('not agreed in time'))
    })
    stream.send(wanted)
  })
}

const SILENT: Logger = Object.assign(() => undefined, {
  error: () => undefined,
  trace: () => undefined,
  enabled: false,
  newScope: () => SILENT
})
const SILENT_COMPONENTS: ComponentLogger = { forComponent: () => SILENT }
