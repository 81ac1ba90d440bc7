// Time as an argument: components take a Clock, tests and the simulation drive their own.
import { setTimeout as delay } from 'node:timers/promises'

/** Where time comes from. */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. May jump. */
  nowMs(): number
  /** Milliseconds from an arbitrary start; never goes back and counts while the process is suspended. */
  monotonicMs(): number
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal })
    } catch (thrown) {
      signal?.throwIfAborted()
      throw thrown
    }
  }
}
