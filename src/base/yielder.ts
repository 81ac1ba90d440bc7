// Long synchronous work in slices, so that the event loop answers peers and timers in between.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Clock, systemClock } from './clock.ts'

/** Milliseconds that work may hold the event loop for in one go. */
export const YIELD_SLICE_MS = 5

/** What long work awaits between two small steps. */
export interface Yielder {
  /** Undefined while the slice lasts, which costs one look at the clock; else settles on a later turn. */
  maybeYield(): Promise<void> | undefined
}

/** A yielder whose first slice begins now. One for each piece of work, made where it begins. */
export function createYielder(
  clock: Pick<Clock, 'monotonicMs'> = systemClock,
  { sliceMs = YIELD_SLICE_MS } = {}
): Yielder {
  let sliceStartMs = clock.monotonicMs()
  return {
    maybeYield() {
      if (clock.monotonicMs() - sliceStartMs < sliceMs) return undefined
      return nextTurn().then(() => {
        sliceStartMs = clock.monotonicMs()
      })
    }
  }
}
