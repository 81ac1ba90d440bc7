// A libp2p stream as the plain byte stream that the engines use, with backpressure both ways.
import { type Stream, type StreamCloseEvent, type StreamMessageEvent } from '@libp2p/interface'
import { pipe } from 'it-pipe'
import { type ByteStream } from '../reqresp/byte-stream.ts'
import { hasSentEnd } from './muxed-stream.ts'

/**
 * Received bytes that wait for a slow reader; above it the sender's window is left to run out. Answers are long;
 * a request is shorter than either.
 */
const READ_AHEAD_MAX_BYTES = 2 ** 20
const REQUEST_AHEAD_MAX_BYTES = 2 ** 14

type Part = StreamMessageEvent['data']

/** Wraps a stream that nobody has read from yet. */
export function toByteStream(stream: Stream): ByteStream {
  const inbox = new Inbox(stream)
  return {
    source: pipe(inbox.parts(), toBytes),
    async write(bytes) {
      if (!stream.send(bytes)) await untilSent(stream)
    },
    closeWrite: () => stream.close(),
    abort(reason) {
      stream.abort(reason)
    }
  }
}

/**
 * Resolves once the muxer has taken everything, rejects when the stream closes before. The stream's own
 * `onDrain` hands out one promise for its whole life, which is resolved after the first time.
 */
async function untilSent(stream: Stream): Promise<void> {
  if (stream.writeBufferLength === 0) return
  await new Promise<void>((resolve, reject) => {
    const onIdle = () => {
      stream.removeEventListener('close', onClose)
      resolve()
    }
    const onClose = ({ error }: StreamCloseEvent) => {
      stream.removeEventListener('idle', onIdle)
      reject(error ?? new Error('the stream was closed'))
    }
    stream.addEventListener('idle', onIdle, { once: true })
    stream.addEventListener('close', onClose, { once: true })
  })
}

async function* toBytes(parts: AsyncIterable<Part>): AsyncGenerator<Uint8Array> {
  for await (const part of parts) yield part.subarray()
}

/**
 * What came in and was not read yet. A stream may have ended before anyone reads from it: its bytes then wait in the
 * stream's own buffer, and come once somebody listens. An end that the other side did not send is a failure: a process
 * that dies leaves a connection that closes in order, and what it did not answer would look like an empty answer.
 */
class Inbox {
  readonly #stream: Stream
  readonly #parts: Part[] = []
  readonly #aheadMaxBytes: number
  #waitingBytes = 0
  #isClosed: boolean
  #failure: Error | undefined
  #wake: () => void = () => undefined

  constructor(stream: Stream) {
    this.#stream = stream
    const isAnswer = stream.direction === 'outbound'
    this.#aheadMaxBytes = isAnswer ? READ_AHEAD_MAX_BYTES : REQUEST_AHEAD_MAX_BYTES
    this.#isClosed = stream.status !== 'open'
    if (['aborted', 'reset'].includes(stream.status))
      this.#failure = new Error('the stream was cut')
    stream.addEventListener('message', ({ data }) => {
      this.#take(data)
    })
    stream.addEventListener('end', () => {
      this.#wake()
    })
    stream.addEventListener('close', ({ error }: StreamCloseEvent) => {
      this.#failure = error
      this.#isClosed = true
      this.#wake()
    })
  }

  async *parts(): AsyncGenerator<Part> {
    for (;;) {
      const part = this.#parts.shift()
      if (part !== undefined) {
        this.#waitingBytes -= part.byteLength
        if (this.#waitingBytes === 0) this.#resume()
        yield part
        continue
      }
      if (this.#failure !== undefined) throw this.#failure
      if (this.#hasEnded()) return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** True when nothing is left and no more will come. Throws where that is not the other side's word. */
  #hasEnded(): boolean {
    const { readBufferLength, readableEnded } = this.#stream
    if (readBufferLength > 0 || !(readableEnded || this.#isClosed)) return false
    if (!hasSentEnd(this.#stream)) throw new Error('the connection closed before the end')
    return true
  }

  #resume(): void {
    if (this.#stream.readStatus !== 'paused') return
    try {
      this.#stream.resume()
    } catch (thrown) {
      // What waited is delivered by then; to tell the other side of it fails on a connection that has closed.
      if (!this.#isClosed) throw thrown
    }
  }

  #take(data: Part): void {
    this.#parts.push(data)
    this.#waitingBytes += data.byteLength
    if (this.#waitingBytes > this.#aheadMaxBytes && this.#stream.readStatus === 'readable') {
      this.#stream.pause()
    }
    this.#wake()
  }
}
