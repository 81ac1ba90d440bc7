// Bytes of one stream as they come, with a bound in time: the suite wants to see what does not happen too.
import { type Stream } from '@libp2p/interface'
import { Patience } from './patience.ts'

/** How a stream ended, as far as it was watched. */
export type StreamEnd = 'closed' | 'reset' | 'open'

/** All that came on a stream. */
export interface Received {
  readonly bytes: Uint8Array
  readonly end: StreamEnd
}

/** Nothing that the suite asks for is larger than this. */
const RECEIVED_MAX_BYTES = 64 * 2 ** 20

/** What makes a stream's content whole before its end. */
export interface WholeOptions {
  readonly isWhole: (lengthBytes: number) => boolean
  readonly graceMs: number
}

/** Collects what comes on a stream that nobody has read from yet. */
export class StreamReader {
  readonly #parts: Uint8Array[] = []
  #length = 0
  #end: StreamEnd = 'open'
  #wake: () => void = () => undefined

  constructor(stream: Stream) {
    // A stream may have ended before anyone reads from it: its bytes come once somebody listens.
    const finish = () => {
      const isOver = stream.readableEnded || stream.status !== 'open'
      if (isOver && stream.readBufferLength === 0) this.#finish('closed')
    }
    stream.addEventListener('message', ({ data }) => {
      const part = data.subarray().slice()
      this.#length += part.length
      if (this.#length > RECEIVED_MAX_BYTES) {
        stream.abort(new Error('more than the suite reads'))
        return
      }
      this.#parts.push(part)
      this.#wake()
      finish()
    })
    stream.addEventListener('end', finish)
    stream.addEventListener('close', ({ error }) => {
      if (error === undefined) finish()
      else this.#finish('reset')
    })
    finish()
  }

  #finish(end: StreamEnd): void {
    if (this.#end === 'open') this.#end = end
    this.#wake()
  }

  /**
   * All that has come when it ends, or when the patience is over. Once `isWhole` says that no byte is missing, the end
   * is waited for no longer than `graceMs`.
   */
  async all(
    withinMs: number,
    { isWhole = () => false, graceMs = withinMs }: Partial<WholeOptions> = {}
  ): Promise<Received> {
    const patience = new Patience(withinMs)
    while (this.#end === 'open' && !patience.isOver) {
      if (isWhole(this.#length)) patience.limit(graceMs)
      await patience.step((end) => {
        this.#wake = end
      })
    }
    return { bytes: Buffer.concat(this.#parts), end: this.#end }
  }

  /** The bytes that have come since the last call, waiting for the first; undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const part = this.#parts.shift()
      if (part !== undefined) {
        this.#length -= part.length
        return part
      }
      if (this.#end !== 'open') return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
