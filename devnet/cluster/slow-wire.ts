// One direction of a wire that can be slow: it carries every byte, in its time.
import { Transform } from 'node:stream'
import { systemClock } from '../../src/base/clock.ts'

/** How a wire is slow. */
export type Slowness =
  /** So many bytes a second pass, in small pieces. */
  | { readonly kind: 'trickle'; readonly bytesPerSecond: number }
  /** Everything passes, so much later. */
  | { readonly kind: 'delay'; readonly delayMs: number }

/** Pieces in which a trickle comes. */
const PIECE_MS = 100

/** Asks before each piece how slow it is now, so that slowness begins and ends at once. */
export function createSlowWire(slowness: () => Slowness | undefined): Transform {
  const gone = new AbortController()
  const wire = new Transform({
    transform(bytes: Buffer, _, done) {
      if (slowness() === undefined) {
        done(null, bytes)
        return
      }
      carry(bytes).then(
        () => {
          done()
        },
        (thrown: unknown) => {
          if (!gone.signal.aborted) done(thrown as Error)
        }
      )
    },
    destroy(error, done) {
      gone.abort()
      done(error)
    }
  })
  return wire

  async function carry(bytes: Buffer): Promise<void> {
    let rest = bytes
    while (rest.length > 0) {
      const now = slowness()
      if (now?.kind === 'delay') await systemClock.sleep(now.delayMs, gone.signal)
      if (now?.kind !== 'trickle') {
        wire.push(rest)
        return
      }
      await systemClock.sleep(PIECE_MS, gone.signal)
      const pieceBytes = Math.max(1, Math.floor((now.bytesPerSecond * PIECE_MS) / 1_000))
      wire.push(rest.subarray(0, pieceBytes))
      rest = rest.subarray(pieceBytes)
    }
  }
}
