// A libp2p stream as the plain byte stream that the engines use, with backpressure both ways.
import { type Stream, type StreamCloseEvent, type StreamMessageEvent } from '@libp2p/interface'
import { pipe } from 'it-pipe'
import { type ByteStream } from '../reqresp/byte-stream.ts'

/** Received bytes that wait for a slow reader; above it the sender's window is left to run out. */
const READ_AHEAD_MAX_BYTES = 2 ** 20

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
 * What came in and was not read yet. A paused stream keeps its last bytes, and its end, until it goes on. An end
 * that the other side did not send is a failure: a process that dies leaves a connection that closes in order,
 * and what it did not answer would look like an empty answer.
 */
class Inbox {
  readonly #stream: Stream
  readonly #parts: Part[] = []
  #waitingBytes = 0
  #isEnded: boolean
  #isEndSent: boolean
  #failure: Error | undefined
  #wake: () => void = () => undefined

  constructor(stream: Stream) {
    this.#stream = stream
    this.#isEnded = stream.readableEnded
    this.#isEndSent = stream.remoteWriteStatus === 'closed'
    stream.addEventListener('remoteCloseWrite', () => {
      this.#isEndSent = true
    })
    stream.addEventListener('message', ({ data }) => {
      this.#take(data)
    })
    stream.addEventListener('end', () => {
      this.#end(undefined)
    })
    stream.addEventListener('close', ({ error }: StreamCloseEvent) => {
      this.#end(error)
    })
  }

  #end(error: Error | undefined): void {
    const unsent = this.#isEndSent ? undefined : new Error('the connection closed before the end')
    this.#failure = error ?? this.#failure ?? unsent
    this.#isEnded = true
    this.#wake()
  }

  async *parts(): AsyncGenerator<Part> {
    for (;;) {
      const part = this.#parts.shift()
      if (part !== undefined) {
        this.#waitingBytes -= part.byteLength
        if (this.#waitingBytes === 0 && this.#stream.readStatus === 'paused') this.#stream.resume()
        yield part
        continue
      }
      if (this.#failure !== undefined) throw this.#failure
      if (this.#isEnded) return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  #take(data: Part): void {
    this.#parts.push(data)
    this.#waitingBytes += data.byteLength
    if (this.#waitingBytes > READ_AHEAD_MAX_BYTES && this.#stream.readStatus === 'readable') {
      this.#stream.pause()
    }
    this.#wake()
  }
}
