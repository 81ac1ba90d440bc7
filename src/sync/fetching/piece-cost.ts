// What a failed attempt costs: how long its peer is left alone, and when it is given up for that piece.
import { backoffMs } from '../../base/backoff.ts'
import { type JudgedFailure } from './fetch-failure.ts'
import { type PeerRecord } from './peer-record.ts'

/** What one peer may cost one piece: three failures in a row that may pass, or being told to wait thirty times. */
export const COST_MAX = 30
const FAILURE_COST = 10
const WAIT_COST = 1
/** A wait costs the more the longer it is, so that a piece is given up after half a minute of them. */
const WAIT_COST_MS = 1_000
/** A peer that asks for a longer wait is asked again after this one. */
const WAIT_MAX_MS = 30_000
const BACKOFF = { minMs: 500, maxMs: 8_000 }

/** Notes when the peer may be asked again. Returns what it has cost the piece by now. */
export function noteFailedAttempt(
  record: PeerRecord,
  judged: JudgedFailure,
  { costBefore, nowMs }: { readonly costBefore: number; readonly nowMs: number }
): number {
  if (judged.kind === 'wait') {
    const waitMs = Math.min(judged.waitMs, WAIT_MAX_MS)
    record.notBeforeMs = nowMs + waitMs
    return costBefore + Math.max(WAIT_COST, Math.round(waitMs / WAIT_COST_MS))
  }
  record.strikes++
  if (judged.kind === 'final') return COST_MAX
  record.notBeforeMs = nowMs + backoffMs(BACKOFF, record.strikes)
  return costBefore + FAILURE_COST
}
