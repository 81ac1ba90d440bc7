// Notices that the process stood still, or the machine was suspended (invariant 3).
import { type Clock } from '../base/clock.ts'
import { type Service } from '../base/service.ts'

/** A gap between two looks that is longer than so many slots was a pause: one of that length is never missed. */
export const PAUSE_SLOTS_MAX = 3
/** Looks in a slot. The time between two is part of a gap, so that a pause shorter by as much may count as well. */
const LOOKS_PER_SLOT = 4

/** Looks at both clocks; `check` is also called right before a signature, when no timer may have run yet. */
export interface PauseWatch extends Service {
  check(): void
}

/** Calls `onPause` with the milliseconds that are missing. */
export function createPauseWatch(
  { clock, onPause }: { readonly clock: Clock; readonly onPause: (pausedMs: number) => void },
  { blockTimeMs }: { readonly blockTimeMs: number }
): PauseWatch {
  const everyMs = blockTimeMs / LOOKS_PER_SLOT
  let seenMonotonicMs = clock.monotonicMs()
  let seenWallMs = clock.nowMs()
  const check = () => {
    const monotonicMs = clock.monotonicMs()
    const wallMs = clock.nowMs()
    const passedMs = monotonicMs - seenMonotonicMs
    // A clock that was set, forward or back, is looked at anew by recovery (row 3).
    const setMs = Math.abs(wallMs - seenWallMs - passedMs)
    const gapMs = Math.max(passedMs, setMs)
    seenMonotonicMs = monotonicMs
    seenWallMs = wallMs
    if (gapMs > PAUSE_SLOTS_MAX * blockTimeMs) onPause(gapMs)
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
