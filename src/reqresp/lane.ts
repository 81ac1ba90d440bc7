// A lane: the streams and the quota that requests of one kind share, and who has to wait for a place.
import { type Clock } from '../base/clock.ts'
import { createSharedTurns, type NextTurn } from '../base/shared-turns.ts'
import { type Quota } from '../peer/quota.ts'

/** Bounds of one lane. */
export interface LaneLimits {
  readonly streamsPerPeerMax: number
  readonly streamsMax: number
  /**
   * So long a place is its holder's while somebody waits; then it is given to a peer that holds fewer. Undefined where
   * the places of all peers fit in: nobody loses one.
   */
  readonly turnMs?: number
  /** A reader that takes less, counted over the time it is waited for, is cut off after READER_GRACE_MS. */
  readonly readerMinBytesPerSecond?: number
  /** Answers cost a token for so many bytes, beside what the request costs; undefined: nothing. */
  readonly bytesPerToken?: number
  /** True where all answers together send one chunk in a turn of the event loop, however many they are. */
  readonly sharesTurns?: boolean
}

/** A reader is judged by its rate once it was waited for so long. */
export const READER_GRACE_MS = 5_000
/** What a peer is told that has its share of places. */
export const SHARE_RETRY_MS = 500
/** Refusals that are being written: to one peer, and in all. More are resets. */
const REFUSALS_PER_PEER_MAX = 4
const REFUSALS_MAX = 128
/** Peers that wait for a place; more than may be connected. */
const WAITING_MAX = 1_024
/** A peer that waits has its place in the row for so many times the wait it was told. */
const WAITING_LATE_FACTOR = 2

/** One stream's place, from the moment it opened. */
export interface LanePlace {
  readonly peer: string
  /** Aborts with PlaceLost when the place is given to somebody else. */
  readonly signal: AbortSignal
  /**
   * The reader took so many bytes, after having been waited for so long. Throws ReaderSlow. Returns the
   * milliseconds after which the peer may ask on when it has had far more than its tokens pay for; else 0.
   */
  noteTaken(bytes: number, waitedMs: number): number
  /** Gives the place back; a second call does nothing. */
  leave(): void
}

/** Why a place is lost before the answer is complete. */
export class PlaceLost extends Error {
  readonly retryAfterMs: number

  constructor(retryAfterMs: number) {
    super('others wait for the place')
    this.retryAfterMs = retryAfterMs
  }
}

/** The reader takes less than the lane asks for. */
class ReaderSlow extends Error {}

/** What a stream gets. */
export type Entry =
  | { readonly kind: 'admitted'; readonly place: LanePlace }
  | { readonly kind: 'refused'; readonly retryAfterMs: number }

class Place implements LanePlace {
  readonly peer: string
  readonly enteredMs: number
  readonly #lane: Lane
  readonly #lost = new AbortController()
  takenBytes = 0
  #waitedMs = 0
  #unpaidBytes = 0

  constructor(lane: Lane, peer: string, enteredMs: number) {
    this.#lane = lane
    this.peer = peer
    this.enteredMs = enteredMs
  }

  get signal(): AbortSignal {
    return this.#lost.signal
  }

  noteTaken(bytes: number, waitedMs: number): number {
    this.takenBytes += bytes
    this.#waitedMs += waitedMs
    const { readerMinBytesPerSecond = 0, bytesPerToken = Infinity } = this.#lane.limits
    const leastBytes = (readerMinBytesPerSecond * this.#waitedMs) / 1_000
    if (this.#waitedMs >= READER_GRACE_MS && this.takenBytes < leastBytes) {
      throw new ReaderSlow(`the reader took ${String(this.takenBytes)} bytes`)
    }
    this.#unpaidBytes += bytes
    const tokens = Math.floor(this.#unpaidBytes / bytesPerToken)
    if (tokens === 0) return 0
    this.#unpaidBytes -= tokens * bytesPerToken
    return this.#lane.quota.spend(this.peer, tokens)
  }

  lose(retryAfterMs: number): void {
    this.leave()
    this.#lost.abort(new PlaceLost(retryAfterMs))
  }

  leave(): void {
    this.#lane.release(this)
  }
}

/** Places of one kind of request. Peers whose lane is another one are not seen here at all. */
export class Lane {
  readonly quota: Quota
  readonly limits: LaneLimits
  /** Awaited before each chunk; undefined where each answer has slices of its own. */
  readonly nextTurn: NextTurn | undefined
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #places = new Map<string, Set<Place>>()
  readonly #refusals = new Map<string, number>()
  /** Until when each peer keeps its place in the row, which is the order of the map. */
  readonly #waiting = new Map<string, number>()
  #openCount = 0
  #refusalsCount = 0

  constructor(
    { clock, quota }: { readonly clock: Pick<Clock, 'monotonicMs'>; readonly quota: Quota },
    limits: LaneLimits
  ) {
    this.#clock = clock
    this.quota = quota
    this.limits = limits
    this.nextTurn = limits.sharesTurns === true ? createSharedTurns() : undefined
  }

  /** Streams open now. */
  get openCount(): number {
    return this.#openCount
  }

  /** A stream of the peer has opened: it has a place from here on, or it has to come again. */
  enter(peer: string): Entry {
    const { streamsPerPeerMax, streamsMax, turnMs } = this.limits
    const nowMs = this.#clock.monotonicMs()
    const heldCount = this.#places.get(peer)?.size ?? 0
    if (heldCount >= streamsPerPeerMax) return { kind: 'refused', retryAfterMs: SHARE_RETRY_MS }
    const freeCount = streamsMax - this.#openCount
    const losing = turnMs === undefined ? [] : this.#losing(heldCount, nowMs - turnMs)
    const aheadCount = this.#countAhead(peer, nowMs)
    if (aheadCount >= freeCount + losing.length) {
      const rounds = 1 + Math.floor(aheadCount / streamsMax)
      const retryAfterMs = Math.max(SHARE_RETRY_MS, (turnMs ?? 0) * rounds)
      this.#wait(peer, nowMs + WAITING_LATE_FACTOR * retryAfterMs)
      return { kind: 'refused', retryAfterMs }
    }
    if (freeCount <= 0) losing[0]?.lose(turnMs ?? SHARE_RETRY_MS)
    this.#waiting.delete(peer)
    return { kind: 'admitted', place: this.#admit(peer, nowMs) }
  }

  /** True when a refusal may be written; `refusalDone` follows. A peer that asks more often gets resets. */
  refusalBegins(peer: string): boolean {
    const count = this.#refusals.get(peer) ?? 0
    if (count >= REFUSALS_PER_PEER_MAX || this.#refusalsCount >= REFUSALS_MAX) return false
    this.#refusals.set(peer, count + 1)
    this.#refusalsCount++
    return true
  }

  refusalDone(peer: string): void {
    const left = (this.#refusals.get(peer) ?? 1) - 1
    if (left > 0) this.#refusals.set(peer, left)
    else this.#refusals.delete(peer)
    this.#refusalsCount--
  }

  /** For the place itself. */
  release(place: Place): void {
    const places = this.#places.get(place.peer)
    if (places?.delete(place) !== true) return
    if (places.size === 0) this.#places.delete(place.peer)
    this.#openCount--
  }

  #admit(peer: string, nowMs: number): Place {
    const place = new Place(this, peer, nowMs)
    const places = this.#places.get(peer) ?? new Set()
    this.#places.set(peer, places.add(place))
    this.#openCount++
    return place
  }

  /**
   * Places whose turn is over and whose holders have more than the asker: of the greediest holder first, and of its
   * places the one whose reader took least.
   */
  #losing(askerCount: number, enteredBeforeMs: number): readonly Place[] {
    if (this.#openCount < this.limits.streamsMax) return []
    return [...this.#places.values()]
      .filter((places) => places.size > askerCount)
      .flatMap((places) => [...places].map((place) => ({ place, count: places.size })))
      .filter(({ place }) => place.enteredMs <= enteredBeforeMs)
      .sort((a, b) => b.count - a.count || a.place.takenBytes - b.place.takenBytes)
      .map(({ place }) => place)
  }

  /** Peers that were refused earlier and are still expected back. */
  #countAhead(peer: string, nowMs: number): number {
    let aheadCount = 0
    let isPassed = false
    for (const [waiting, untilMs] of this.#waiting) {
      if (untilMs < nowMs) this.#waiting.delete(waiting)
      else if (waiting === peer) isPassed = true
      else if (!isPassed) aheadCount++
    }
    return aheadCount
  }

  /** Behind those that wait already, or where it is. */
  #wait(peer: string, untilMs: number): void {
    if (this.#waiting.has(peer) || this.#waiting.size < WAITING_MAX)
      this.#waiting.set(peer, untilMs)
  }
}
