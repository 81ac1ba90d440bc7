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

/** By clock, when somebody last went on after a yield: whatever runs now has held the event loop no longer. */
const lastTurnsMs = new WeakMap<object, number>()

/**
 * A yielder whose first slice begins now. One for each piece of work, made where it begins; pieces inside one
 * another yield no more often than one would, so that what shares the event loop with them has its share, not more.
 */
export function createYielder(
  clock: Pick<Clock, 'monotonicMs'> = systemClock,
  { sliceMs = YIELD_SLICE_MS } = {}
): Yielder {
  const createdMs = clock.monotonicMs()
  return {
    maybeYield() {
      const sliceStartMs = Math.max(createdMs, lastTurnsMs.get(clock) ?? createdMs)
      if (clock.monotonicMs() - sliceStartMs < sliceMs) return undefined
      return nextTurn().then(() => {
        lastTurnsMs.set(clock, clock.monotonicMs())
      })
    }
  }
}
