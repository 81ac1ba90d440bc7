// A clock that stands still until a test moves it.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Clock } from '../../src/base/clock.ts'

const START_MS = 1_700_000_000_000

/** A clock driven by hand. */
export interface ManualClock extends Clock {
  /** How many sleep right now. */
  readonly sleepersCount: number
  /**
   * Lets `ms` pass. Wakes sleepers in the order of their time (then of their call), each at exactly its
   * time, and lets everything that follows from one waking settle before the next.
   */
  advance(ms: number): Promise<void>
  /** Moves the wall clock alone, as an operator or NTP does; no sleeper wakes. */
  setWallClock(nowMs: number): void
}

interface Sleeper {
  readonly wakeAtMs: number
  readonly wake: () => void
}

/** A clock whose wall time starts at `startMs` and whose monotonic time starts at 0. */
export function createManualClock({ startMs = START_MS } = {}): ManualClock {
  const sleepers = new Set<Sleeper>()
  let elapsedMs = 0
  let wallOffsetMs = startMs

  return {
    nowMs: () => wallOffsetMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    get sleepersCount() {
      return sleepers.size
    },
    setWallClock(nowMs) {
      wallOffsetMs = nowMs - elapsedMs
    },
    async sleep(ms, signal) {
      signal?.throwIfAborted()
      if (ms <= 0) return
      await sleepUntil(sleepers, elapsedMs + ms, signal)
    },
    async advance(ms) {
      const endMs = elapsedMs + ms
      await settle()
      for (;;) {
        const next = earliest(sleepers)
        if (next === undefined || next.wakeAtMs > endMs) break
        elapsedMs = next.wakeAtMs
        next.wake()
        await settle()
      }
      elapsedMs = endMs
    }
  }
}

/** Work that yields to the event loop, as it does on a busy machine, goes on in a later turn of it. */
const SETTLE_TURNS = 4

/** Lets every promise that can settle without I/O settle: a turn of the event loop runs all that do not yield. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < SETTLE_TURNS; turn++) await nextTurn()
}

function sleepUntil(
  sleepers: Set<Sleeper>,
  wakeAtMs: number,
  signal: AbortSignal | undefined
): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      sleepers.delete(sleeper)
      signal?.removeEventListener('abort', onAbort)
    }
    const onAbort = () => {
      leave()
      reject(signal?.reason as Error)
    }
    const sleeper = {
      wakeAtMs,
      wake: () => {
        leave()
        resolve()
      }
    }
    sleepers.add(sleeper)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

function earliest(sleepers: ReadonlySet<Sleeper>): Sleeper | undefined {
  let first: Sleeper | undefined
  for (const sleeper of sleepers) {
    if (first === undefined || sleeper.wakeAtMs < first.wakeAtMs) first = sleeper
  }
  return first
}
