// Which peer gets a piece of fetching: a pure choice among those that may still do it.
import { isOutdoneBy, isProbeDue, isWaitedFor, type PeerRecord } from './peer-record.ts'

/** A peer that does not have the piece, and was not given up for it. */
export interface Candidate {
  readonly peer: string
  readonly record: Readonly<PeerRecord>
  /** What it cost this piece so far. */
  readonly cost: number
  /** It is relied on: a stranger gets what no such peer can be expected to bring. */
  readonly isConfigured: boolean
  /** It sends nothing of what it has: nobody waits for it. */
  readonly isQuiet: boolean
}

/** What bounds the choice. */
export interface ChoiceBounds {
  readonly nowMs: number
  /** Requests in flight to one peer. */
  readonly inFlightPerPeerMax: number
  /** False when strangers have as many requests in flight as they may. */
  readonly areStrangersFree: boolean
}

/**
 * One that no other outdoes; of these the peer that failed this piece least, then the one with the fewest
 * strikes, then the least busy, then the fastest. A piece that only outdone ones are free for waits for a better
 * one, but for a probe now and then: undefined, as when nobody is free.
 */
export function choosePeer(
  candidates: readonly Candidate[],
  { nowMs, inFlightPerPeerMax, areStrangersFree }: ChoiceBounds
): string | undefined {
  const isExpected = ({ record, isQuiet }: Candidate) => !isQuiet && isWaitedFor(record, nowMs)
  const areStrangersIn =
    areStrangersFree && !candidates.some((one) => one.isConfigured && isExpected(one))
  const isOutdone = ({ record }: Candidate) =>
    candidates.some(
      (other) =>
        !other.isQuiet && other.record !== record && isOutdoneBy(record, other.record, nowMs)
    )
  const [best] = candidates
    .filter(({ isConfigured }) => isConfigured || areStrangersIn)
    .filter(({ record }) => record.inFlight < inFlightPerPeerMax && record.notBeforeMs <= nowMs)
    .map((one) => ({ ...one, isOutdone: isOutdone(one) }))
    .sort((one, other) => compare(rank(one), rank(other)))
  if (best === undefined) return undefined
  return best.isOutdone && !isProbeDue(best.record, nowMs) ? undefined : best.peer
}

function rank({ isOutdone, cost, record }: Candidate & { readonly isOutdone: boolean }) {
  const { strikes, inFlight, rate = 0 } = record
  return [Number(isOutdone), cost, strikes, inFlight, -rate] as const
}

function compare(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((value, index) => value !== other[index])
  return at < 0 ? 0 : one[at]! - other[at]!
}
