// One direction of a wire that can be slow: it carries every byte, in its time.
import { Transform, type TransformCallback } from 'node:stream'
import { systemClock } from '../src/base/clock.ts'

/** How a wire is slow. */
export type Slowness =
  /** So many bytes a second pass, in small pieces. */
  | { readonly kind: 'trickle'; readonly bytesPerSecond: number }
  /** Everything passes, so much later. */
  | { readonly kind: 'delay'; readonly delayMs: number }

/** Pieces in which a trickle comes. */
const PIECE_MS = 100

/** Asks before each piece how slow it is now, so that slowness begins and ends at once. */
export class SlowWire extends Transform {
  readonly #slowness: () => Slowness | undefined
  readonly #gone = new AbortController()

  constructor(slowness: () => Slowness | undefined) {
    super()
    this.#slowness = slowness
  }

  override _transform(bytes: Buffer, _: BufferEncoding, done: TransformCallback): void {
    if (this.#slowness() === undefined) {
      done(null, bytes)
      return
    }
    this.#carry(bytes).then(
      () => {
        done()
      },
      (thrown: unknown) => {
        if (!this.#gone.signal.aborted) done(thrown as Error)
      }
    )
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#gone.abort()
    done(error)
  }

  async #carry(bytes: Buffer): Promise<void> {
    const { signal } = this.#gone
    let rest = bytes
    while (rest.length > 0) {
      const slowness = this.#slowness()
      if (slowness?.kind === 'delay') await systemClock.sleep(slowness.delayMs, signal)
      if (slowness?.kind !== 'trickle') {
        this.push(rest)
        return
      }
      await systemClock.sleep(PIECE_MS, signal)
      const piece = Math.max(1, Math.floor((slowness.bytesPerSecond * PIECE_MS) / 1_000))
      this.push(rest.subarray(0, piece))
      rest = rest.subarray(piece)
    }
  }
}
