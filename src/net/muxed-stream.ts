// One stream of a muxer, watched from its first byte: its negotiation, its bounds, and the order of bytes and end.
import { type Stream } from '@libp2p/interface'
import { type yamux } from '@libp2p/yamux'
import { type Agreement, AnswerReader, Responder } from './multistream.ts'

/** yamux as the library makes it. */
export type Muxer = ReturnType<ReturnType<ReturnType<typeof yamux>>['createStreamMuxer']>
/** One of its streams. */
export type MuxedStream = Muxer['streams'][number]

/** Looks at bytes before anything else does. Throws what is wrong with them: the stream is reset. */
export type Intake = (bytes: Uint8Array) => void

/** What one stream is held to. */
export interface StreamRules {
  /** What the streams of a protocol may send; undefined: what its reader bounds itself. */
  readonly intakeOf: (protocol: string) => Intake | undefined
  /** The stream was reset for what came on it. */
  readonly onBroken: () => void
}

/** A stream that another side opens settles its protocol within. */
export const STREAM_NEGOTIATION_MS = 5_000

const FIN = 4

/** Streams whose end the other side has sent: a connection that closes looks the same to a stream. */
const ended = new WeakSet<Stream>()

/** True once the other side has said that it sends no more; its last bytes may still wait to be read. */
export function hasSentEnd(stream: Stream): boolean {
  return ended.has(stream)
}

/** Call for each stream as it comes into being. */
export function watchEnd(stream: MuxedStream): void {
  stream.addEventListener('remoteCloseWrite', () => {
    ended.add(stream)
  })
  // The library ends a stream before it takes the bytes of the frame that says so.
  const handleData = stream.handleData.bind(stream)
  stream.handleData = (frame) => {
    const { header } = frame
    if ((header.flag & FIN) === 0 || header.length === 0) {
      handleData(frame)
      return
    }
    handleData({ ...frame, header: { ...header, flag: header.flag & ~FIN } })
    stream.onRemoteCloseWrite()
  }
}

/**
 * Answers the negotiation of an inbound stream and calls back once its protocol is settled. What came behind it, and
 * the end, wait in the stream's own buffer; until then nothing of the stream is kept but one line.
 */
export function answerNegotiation(
  stream: MuxedStream,
  protocols: () => readonly string[],
  { intakeOf, onBroken }: StreamRules,
  onSettled: () => void
): void {
  const take = stream.onData.bind(stream)
  const responder = new Responder()
  const timer = setTimeout(() => {
    stream.abort(new Error('the stream did not settle its protocol in time'))
  }, STREAM_NEGOTIATION_MS)
  const onEnd = () => {
    stream.abort(new Error('the stream ended before its protocol was settled'))
  }
  stream.addEventListener('remoteCloseWrite', onEnd)
  stream.addEventListener('close', () => {
    clearTimeout(timer)
  })
  const settle = ({ protocol, rest }: Agreement) => {
    clearTimeout(timer)
    stream.removeEventListener('remoteCloseWrite', onEnd)
    stream.protocol = protocol
    stream.onData = take
    const intake = intakeOf(protocol)
    if (intake !== undefined) watchIntake(stream, intake, onBroken)
    stream.onData(rest)
    onSettled()
  }
  stream.onData = (data) => {
    try {
      const { reply, agreement } = responder.push(data.subarray(), protocols())
      if (reply.length > 0) stream.send(reply)
      if (agreement !== undefined) settle(agreement)
    } catch (thrown) {
      cut(stream, thrown, onBroken)
    }
  }
}

/**
 * Holds what comes on an outbound stream to the form of a negotiation until a protocol that we proposed is taken;
 * the library itself negotiates.
 */
export function watchNegotiation(stream: MuxedStream, { intakeOf, onBroken }: StreamRules): void {
  const take = stream.onData.bind(stream)
  const send = stream.send.bind(stream)
  const reader = new AnswerReader()
  stream.send = (data) => {
    reader.propose(data.subarray())
    return send(data)
  }
  stream.onData = (data) => {
    try {
      const agreement = reader.push(data.subarray())
      if (agreement !== undefined) {
        stream.onData = take
        stream.send = send
        const intake = intakeOf(agreement.protocol)
        if (intake !== undefined) {
          intake(agreement.rest)
          watchIntake(stream, intake, onBroken)
        }
      }
    } catch (thrown) {
      cut(stream, thrown, onBroken)
      return
    }
    take(data)
  }
}

function watchIntake(stream: MuxedStream, intake: Intake, onBroken: () => void): void {
  const take = stream.onData.bind(stream)
  stream.onData = (data) => {
    try {
      intake(data.subarray())
    } catch (thrown) {
      cut(stream, thrown, onBroken)
      return
    }
    take(data)
  }
}

/** What still comes on the stream is dropped: nothing of it is looked at again. */
function cut(stream: MuxedStream, thrown: unknown, onBroken: () => void): void {
  stream.onData = () => undefined
  stream.abort(thrown instanceof Error ? thrown : new Error('unknown failure'))
  if (thrown instanceof RangeError) onBroken()
}
