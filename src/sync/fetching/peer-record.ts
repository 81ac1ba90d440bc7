// What one peer's attempts came to: how fast it serves, and how much of what it is asked for.

/** What an attempt brought, against what was asked for. */
export interface Delivery {
  readonly askedCount: number
  readonly itemsCount: number
  readonly bytes: number
  /** The answer reached the limit that the request set: more of it could not come. */
  readonly isLimited: boolean
}

/** What a pool remembers of a peer. */
export interface PeerRecord {
  inFlight: number
  /** Failures and slow pieces since the last good one. */
  strikes: number
  notBeforeMs: number
  /** When it was last asked; undefined before. */
  askedMs: number | undefined
  /** Work a millisecond, the latest attempts counting most; undefined before the first that tells. */
  rate: number | undefined
  /** Answers in a row that brought next to nothing of what was asked. */
  shortCount: number
}

/** An attempt that asked for less tells nothing: the round trip outweighs what is served. */
export const MEASURED_ASKED_MIN = 32
/** An answer with a smaller part of what was asked than one in so many is short. */
export const SHORT_PART = 8
/** So many short answers in a row are no accident: a peer that ends where its chain does gives one. */
export const SHORT_ANSWERS_MAX = 2
/** A peer that is slower by more than this is worth waiting for a faster one. */
export const SLOWER_FACTOR_MAX = 8
/** A peer that was passed over is given a piece again after so long, to see whether it does better now. */
export const PROBE_INTERVAL_MS = 10_000
/** A peer with more failures than this since its last good piece is waited for by nobody. */
export const WAITED_STRIKES_MAX = 2

/** An empty block is work too. */
const ITEM_BYTES = 1_024
const LATEST_PART = 0.5

/** Of a peer that was not asked yet. */
export function createPeerRecord(): PeerRecord {
  return {
    inFlight: 0,
    strikes: 0,
    notBeforeMs: 0,
    askedMs: undefined,
    rate: undefined,
    shortCount: 0
  }
}

/** True for an answer of which more should have come, with regard to what was asked and to its limit. */
export function isShortAnswer({ askedCount, itemsCount, isLimited }: Omit<Delivery, 'bytes'>) {
  return !isLimited && askedCount >= MEASURED_ASKED_MIN && itemsCount * SHORT_PART < askedCount
}

/** A good attempt ended after `elapsedMs`. */
export function noteDelivery(record: PeerRecord, delivery: Delivery, elapsedMs: number): void {
  const { askedCount, itemsCount, bytes, isLimited } = delivery
  if (askedCount < MEASURED_ASKED_MIN) return
  if (isShortAnswer(delivery)) record.shortCount += 1
  // The end of a piece that it brought crumb by crumb is no sign of better ways.
  else if (isLimited || itemsCount >= MEASURED_ASKED_MIN) record.shortCount = 0
  const rate = (bytes + itemsCount * ITEM_BYTES) / Math.max(1, elapsedMs)
  record.rate =
    record.rate === undefined ? rate : (1 - LATEST_PART) * record.rate + LATEST_PART * rate
}

/**
 * True when a piece is better left for the other peer, though that one may be busy just now: it serves many times
 * as much in a request, or in the same time. One that has not shown yet how it serves may well serve more.
 */
export function isOutdoneBy(record: PeerRecord, other: PeerRecord, nowMs: number): boolean {
  if (other.notBeforeMs > nowMs || isShort(other)) return false
  if (other.strikes > Math.max(WAITED_STRIKES_MAX, record.strikes)) return false
  if (isShort(record)) return true
  return (record.rate ?? Infinity) * SLOWER_FACTOR_MAX < (other.rate ?? 0)
}

/** True for a peer that serves, or may well: a piece can wait until it has its hands free. */
export function isWaitedFor(record: PeerRecord, nowMs: number): boolean {
  return record.notBeforeMs <= nowMs && record.strikes <= WAITED_STRIKES_MAX && !isShort(record)
}

/** True when a peer that is outdone is to be given a piece all the same. */
export function isProbeDue({ askedMs }: PeerRecord, nowMs: number): boolean {
  return askedMs === undefined || nowMs - askedMs >= PROBE_INTERVAL_MS
}

function isShort({ shortCount }: PeerRecord): boolean {
  return shortCount >= SHORT_ANSWERS_MAX
}
