// Whether our clock may be trusted to build.
import { type ClockFault } from '../decide/wait-reasons.ts'
import { majorityOf } from '../decide/quorum.ts'

/** Our clock may differ by so much from a majority of the backups. */
export const CLOCK_OFF_MAX_MS = 5_000
/** One backup alone cannot accuse our clock. */
export const CLOCK_WITNESSES_MIN = 2

/** A backup's clock as its status showed it; half of `tripMs` is the uncertainty. */
export interface ClockReading {
  readonly peer: string
  /** Their clock minus ours at the middle of the exchange, milliseconds. */
  readonly offsetMs: number
  readonly tripMs: number
}

/** Undefined when the clock is good; a head in our future counts first. */
export function findClockFault({
  nowMs,
  headTimestampMs,
  backupCount,
  readings
}: {
  readonly nowMs: number
  readonly headTimestampMs: number
  readonly backupCount: number
  readonly readings: readonly ClockReading[]
}): ClockFault | undefined {
  if (nowMs < headTimestampMs) {
    return { reason: 'before-head', offMs: headTimestampMs - nowMs, by: [] }
  }
  const ahead = readings.filter(({ offsetMs, tripMs }) => offsetMs - tripMs / 2 > CLOCK_OFF_MAX_MS)
  const behind = readings.filter(
    ({ offsetMs, tripMs }) => -offsetMs - tripMs / 2 > CLOCK_OFF_MAX_MS
  )
  const accusers = ahead.length >= behind.length ? ahead : behind
  if (accusers.length < Math.max(CLOCK_WITNESSES_MIN, majorityOf(backupCount))) return undefined
  const offsets = accusers.map(({ offsetMs }) => offsetMs).sort((a, b) => a - b)
  return {
    reason: 'off-from-backups',
    offMs: Math.round(offsets[Math.floor(offsets.length / 2)] ?? 0),
    by: accusers.map(({ peer }) => peer)
  }
}
