// A peer that speaks as go-libp2p does: it negotiates lazily, and what it has to say goes out in one flight.
import { Socket } from 'node:net'
import { identify, type Identify } from '@libp2p/identify'
import { type Libp2p, type MessageStream, type PrivateKey, type Stream } from '@libp2p/interface'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { encodeSubscriptions, frameRpc } from '../../protocols/conformance/gossip-wire.ts'
import { Link } from './go-like-link.ts'
import { until } from './until.ts'

const MULTISTREAM = '/multistream/1.0.0'
/** The version that go-libp2p-pubsub of op-node prefers. */
const MESHSUB = '/meshsub/1.1.0'

/** How an answer ends: by its writer's word, or with the connection that it came on. */
type AnswerEnd = 'sent' | 'connection-closed'

/** What is answered on each stream of a protocol, without a look at the request. */
export interface FlightAnswer {
  readonly bytes: Uint8Array
  readonly end: AnswerEnd
}

/** How a process dies, as far as the other side sees it. */
export interface Death {
  readonly idleFrames: number
  /** `closed`: in order, as of a process that had read all. `reset`: as of one that had not. `none`: it does not die, and sends no more. */
  readonly end: 'closed' | 'reset' | 'none'
}

/** All that came on a stream until its end. */
interface Answered {
  readonly bytes: Uint8Array
  /** False where the stream ended without its writer's word. */
  readonly isEndSent: boolean
}

/** One started peer. */
export interface GoLikePeer {
  readonly host: Libp2p<{ identify: Identify }>
  /** Where others reach it, with its peer id. */
  readonly address: string
  /** What came on the gossip streams that others opened, unparsed. */
  readonly gossip: Uint8Array[]
  dial(address: string): Promise<void>
  /** Dials, and asks in the flight of the handshake's last message. */
  dialAsking(address: string, protocol: string, request: Uint8Array): Promise<Answered>
  /** Negotiation, request and end in one flight; `endsWithLastFrame` puts the end into the frame of the bytes. */
  ask(
    protocol: string,
    request: Uint8Array,
    options?: { readonly endsWithLastFrame?: boolean }
  ): Promise<Answered>
  /** Opens a gossip stream if identify listed it, with negotiation, subscriptions and `rpc` in one flight. */
  openGossip(topics: readonly string[], rpc: Uint8Array): Promise<void>
  /** Sends an RPC on the gossip stream, `idleFrames` frames before it that each come alone, and dies. */
  dieGossiping(rpc: Uint8Array, death: Death): void
  stop(): Promise<void>
}

/** What one peer is made of. */
interface Parts {
  readonly host: Libp2p<{ identify: Identify }>
  readonly links: Link[]
  readonly gossip: Uint8Array[]
  onLink: (link: Link) => void
  /** Of the connection that was dialled last: what was written goes out, and then the end. */
  endSocket: () => void
}

/** Listens on loopback, and lists what it answers at identify from the start. */
export async function startGoLikePeer(
  answers: ReadonlyMap<string, FlightAnswer> = new Map(),
  privateKey?: PrivateKey
): Promise<GoLikePeer> {
  const parts = await startParts(answers, privateKey ?? (await generateKeyPair('secp256k1')))
  const { host, links, gossip } = parts
  const listed = new Map<string, readonly string[]>()
  host.addEventListener('peer:identify', ({ detail }) => {
    listed.set(detail.peerId.toString(), detail.protocols)
  })
  const open = () => {
    const link = links.findLast(({ muxer }) => muxer.status === 'open')
    if (link === undefined) throw new Error('there is no connection')
    return link
  }
  const dial = async (address: string) => {
    await host.dial(multiaddr(address))
  }
  let gossipStream: Stream | undefined
  return {
    host,
    address: String(host.getMultiaddrs()[0]),
    gossip,
    dial,
    async dialAsking(address, protocol, request) {
      const answered = Promise.withResolvers<Answered>()
      parts.onLink = (link) => {
        parts.onLink = () => undefined
        askOn(link, protocol, request).then(answered.resolve, answered.reject)
      }
      await dial(address)
      return answered.promise
    },
    ask: (protocol, request, options) => askOn(open(), protocol, request, options),
    async openGossip(topics, rpc) {
      const [peer] = host.getPeers()
      await until('identify', () => listed.get(String(peer))?.includes(MESHSUB))
      const link = open()
      link.hold()
      const stream = await link.muxer.createStream()
      const subscriptions = frameRpc(encodeSubscriptions(topics))
      stream.send(Buffer.concat([line(MULTISTREAM), line(MESHSUB), subscriptions, frameRpc(rpc)]))
      link.release()
      gossipStream = stream
    },
    dieGossiping(rpc, { idleFrames, end }) {
      const link = open()
      link.idle(idleFrames)
      gossipStream?.send(frameRpc(rpc))
      if (end === 'reset') link.abort()
      if (end === 'closed') parts.endSocket()
    },
    stop: async () => host.stop()
  }
}

async function startParts(
  answers: ReadonlyMap<string, FlightAnswer>,
  privateKey: PrivateKey
): Promise<Parts> {
  const links: Link[] = []
  const gossip: Uint8Array[] = []
  const muxers = () => ({
    protocol: '/yamux/1.0.0',
    createStreamMuxer(connection: MessageStream) {
      const link = new Link(connection)
      links.push(link)
      takeStreams(link, answers)
      parts.onLink(link)
      return link.muxer
    }
  })
  const host = await createLibp2p({
    privateKey,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [muxers],
    connectionGater: {
      denyOutboundConnection(_, connection) {
        parts.endSocket = () => {
          if ('socket' in connection && connection.socket instanceof Socket) connection.socket.end()
        }
        return false
      }
    },
    connectionMonitor: { enabled: false },
    services: { identify: identify() },
    start: false
  })
  const parts: Parts = {
    host,
    links,
    gossip,
    onLink: () => undefined,
    endSocket() {
      throw new Error('nothing was dialled')
    }
  }
  await host.handle(MESHSUB, (stream) => {
    stream.addEventListener('message', ({ data }) => gossip.push(data.subarray().slice()))
  })
  for (const protocol of answers.keys()) {
    await host.handle(protocol, (stream) => {
      stream.abort(new Error('taken before it comes here'))
    })
  }
  await host.start()
  return parts
}

async function askOn(
  link: Link,
  protocol: string,
  request: Uint8Array,
  { endsWithLastFrame = false } = {}
): Promise<Answered> {
  link.hold()
  const stream = await link.muxer.createStream()
  const answered = collect(stream)
  stream.send(Buffer.concat([line(MULTISTREAM), line(protocol), request]))
  await stream.close()
  link.release(endsWithLastFrame ? mergeEnd : undefined)
  const { bytes, isEndSent } = await answered
  const negotiated = Buffer.concat([line(MULTISTREAM), line(protocol)])
  if (!Buffer.from(bytes.subarray(0, negotiated.length)).equals(negotiated)) {
    throw new Error(`the answer does not begin with the protocol: ${Buffer.from(bytes).toString()}`)
  }
  return { bytes: bytes.subarray(negotiated.length), isEndSent }
}

/** Everything on a stream that nobody has read from yet. */
async function collect(stream: Stream): Promise<Answered> {
  const parts: Uint8Array[] = []
  let isEndSent = false
  await new Promise((resolve) => {
    stream.addEventListener('message', ({ data }) => {
      parts.push(data.subarray().slice())
    })
    stream.addEventListener('remoteCloseWrite', () => {
      isEndSent = true
      resolve(undefined)
    })
    stream.addEventListener('close', resolve)
  })
  return { bytes: Buffer.concat(parts), isEndSent }
}

/** Takes the streams of our own protocols before libp2p negotiates; hands it the others untouched. */
function takeStreams(link: Link, answers: ReadonlyMap<string, FlightAnswer>): void {
  const { muxer } = link
  const dispatch = muxer.dispatchEvent.bind(muxer)
  muxer.dispatchEvent = (event) => {
    if (!(event instanceof CustomEvent) || event.type !== 'stream') return dispatch(event)
    const { detail: stream } = event as CustomEvent<Stream>
    const parts: Uint8Array[] = []
    const onMessage = ({ data }: { readonly data: { subarray(): Uint8Array } }) => {
      parts.push(data.subarray().slice())
      const protocol = readProposal(Buffer.concat(parts))
      if (protocol === undefined) return
      const answer = answers.get(protocol)
      stream.removeEventListener('message', onMessage)
      if (answer === undefined) {
        stream.unshift(Buffer.concat(parts))
        dispatch(event)
        return
      }
      stream.addEventListener('message', () => undefined) // the request: it is answered already
      sendAnswer(link, stream, protocol, answer).catch((thrown: unknown) => {
        stream.abort(thrown instanceof Error ? thrown : new Error('not sent'))
      })
    }
    stream.addEventListener('message', onMessage)
    return true
  }
}

async function sendAnswer(
  link: Link,
  stream: Stream,
  protocol: string,
  { bytes, end }: FlightAnswer
): Promise<void> {
  link.hold()
  stream.send(Buffer.concat([line(MULTISTREAM), line(protocol), bytes]))
  if (end === 'sent') await stream.close()
  link.release()
  if (end === 'connection-closed') await link.cut()
}

/** One message of multistream-select: its length, the text, a line feed. */
function line(text: string): Uint8Array {
  return Buffer.from(`${String.fromCharCode(text.length + 1)}${text}\n`, 'latin1')
}

/** The protocol after the header; undefined while bytes are missing. */
function readProposal(bytes: Buffer): string | undefined {
  let at = 0
  for (;;) {
    const length = bytes[at]
    if (length === undefined || at + 1 + length > bytes.length) return undefined
    const text = bytes.toString('latin1', at + 1, at + length)
    at += 1 + length
    if (text !== MULTISTREAM) return text
  }
}

const HEADER_BYTES = 12
const FLAGS_AT = 3
const FIN = 4

/** Takes the frame off that only says the end, and lets the data frame before it say so (yamux, "Flag field"). */
function mergeEnd(frames: Uint8Array): Uint8Array {
  const merged = Uint8Array.from(frames.subarray(0, frames.length - HEADER_BYTES))
  const last = frames.subarray(frames.length - HEADER_BYTES)
  if ((last[FLAGS_AT]! & FIN) === 0) throw new Error('the last frame does not say the end')
  const view = new DataView(merged.buffer)
  for (let at = 0; at < merged.length;) {
    const isData = merged[at + 1] === 0
    if (isData) merged[at + FLAGS_AT]! |= FIN
    at += HEADER_BYTES + (isData ? view.getUint32(at + 8) : 0)
  }
  return merged
}
