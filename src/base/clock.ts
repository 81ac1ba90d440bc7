// Time as an argument: components take a Clock, tests and the simulation drive their own.
import { setTimeout as delay } from 'node:timers/promises'

/** Where time comes from. */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. May jump. */
  nowMs(): number
  /**
   * Milliseconds from an arbitrary start. Never goes back and counts while the process is stopped; time
   * that the whole machine was suspended for shows in `nowMs` alone.
   */
  monotonicMs(): number
  /** Resolves after `ms` (at once when 0 or less); rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** The longest wait a timer of Node can hold; beyond it fires at once. */
const TIMER_MAX_MS = 2 ** 31 - 1

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(ms, signal) {
    const options = signal === undefined ? {} : { signal }
    try {
      for (let leftMs = ms; leftMs > 0; leftMs -= TIMER_MAX_MS) {
        await delay(Math.min(leftMs, TIMER_MAX_MS), undefined, options)
      }
    } catch (thrown) {
      signal?.throwIfAborted()
      throw thrown
    }
    signal?.throwIfAborted()
  }
}
