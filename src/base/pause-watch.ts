// Notices that the process stood still, or the machine was suspended (invariant 3).
import { readFileSync } from 'node:fs'
import { type Clock } from './clock.ts'
import { type Service } from './service.ts'

/** A gap between two looks that is longer than so many slots was a pause: one of that length is never missed. */
export const PAUSE_SLOTS_MAX = 3
/**
 * So much of a gap is taken for our own work at most. A virtual machine that is suspended while this thread is on its
 * processor may count all of that time as work of the thread, and nothing of ours takes as long in one piece.
 */
const OWN_WORK_SLOTS_MAX = 3
/** Looks in a slot. The time between two is part of a gap, so that a pause shorter by as much may count as well. */
const LOOKS_PER_SLOT = 4

/** Looks at both clocks; `check` is also called right before a signature, when no timer may have run yet. */
export interface PauseWatch extends Service {
  check(): void
}

/** What a watch needs. */
export interface PauseWatchDeps {
  readonly clock: Clock
  /** The milliseconds that are missing. */
  readonly onPause: (pausedMs: number) => void
  /** Nothing was missing, but our own work let no timer run for so long. */
  readonly onHeld: (heldMs: number) => void
  /** Milliseconds that this thread has computed; undefined where the system does not say, which counts as none. */
  readonly threadCpuMs?: () => number | undefined
}

/** What this thread computes is no pause, within a bound: a process that stands still, or waits for a processor, uses none. */
export function createPauseWatch(
  { clock, onPause, onHeld, threadCpuMs = readThreadCpuMs }: PauseWatchDeps,
  { blockTimeMs }: { readonly blockTimeMs: number }
): PauseWatch {
  const everyMs = blockTimeMs / LOOKS_PER_SLOT
  let seenMonotonicMs = clock.monotonicMs()
  let seenWallMs = clock.nowMs()
  let seenCpuMs = threadCpuMs()
  const check = () => {
    const monotonicMs = clock.monotonicMs()
    const wallMs = clock.nowMs()
    const passedMs = monotonicMs - seenMonotonicMs
    // A clock that was set, forward or back, is looked at anew by recovery.
    const setMs = Math.abs(wallMs - seenWallMs - passedMs)
    const cpuMs = threadCpuMs()
    const workedMs = cpuMs === undefined || seenCpuMs === undefined ? 0 : cpuMs - seenCpuMs
    const ownMs = Math.min(workedMs, OWN_WORK_SLOTS_MAX * blockTimeMs)
    const gapMs = Math.max(passedMs - ownMs, setMs)
    const pauseMaxMs = PAUSE_SLOTS_MAX * blockTimeMs
    seenMonotonicMs = monotonicMs
    seenWallMs = wallMs
    seenCpuMs = cpuMs
    if (gapMs > pauseMaxMs) onPause(gapMs)
    else if (passedMs > pauseMaxMs) onHeld(passedMs)
  }
  return {
    check,
    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(everyMs, signal).catch(() => undefined) // aborted: the loop ends
        if (!signal.aborted) check()
      }
    }
  }
}

const NANOSECONDS_PER_MS = 1e6

/** Linux counts it by thread; the first field is nanoseconds on a processor (Documentation/scheduler/sched-stats). */
function readThreadCpuMs(): number | undefined {
  try {
    const [onCpu] = readFileSync('/proc/thread-self/schedstat', 'ascii').split(' ')
    const ns = Number(onCpu)
    return ns > 0 ? ns / NANOSECONDS_PER_MS : undefined
  } catch {
    return undefined // no Linux, or one that does not count: every gap is a pause
  }
}
