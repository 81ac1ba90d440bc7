// Who is to be told of our status now: connected peers that speak it, with a pause after each failure.
import { backoffMs } from '../base/backoff.ts'
import { type Clock } from '../base/clock.ts'
import { judgeFailure } from './fetching/fetch-failure.ts'

/** So long identify may take; a peer that has said nothing by then is asked all the same. */
export const IDENTIFY_WAIT_MS = 5_000
/** First pause after a failure; doubles with each in a row, up to STATUS_BACKOFF_MAX_MS. */
const STATUS_BACKOFF_MIN_MS = 1_000
/** The longest pause after failures in a row. */
export const STATUS_BACKOFF_MAX_MS = 60_000
const STATUS_BACKOFF = { minMs: STATUS_BACKOFF_MIN_MS, maxMs: STATUS_BACKOFF_MAX_MS }

/** What is known of peers. */
export interface StatusPartnersDeps {
  readonly clock: Clock
  readonly connected: () => readonly string[]
  /** Whether a peer answers status, by its own word; undefined until it has said. */
  readonly speaks: (peer: string) => boolean | undefined
}

/** A peer on one connection, and what is known of it between two exchanges. Another connection is another partner. */
export interface Partner {
  readonly peer: string
  readonly sinceMs: number
  /** Failures since the last exchange that went well. */
  failuresCount: number
  /** Not asked before. */
  notBeforeMs: number
}

/** The peers of a status loop. Holds no more entries than peers are connected. */
export class StatusPartners {
  readonly #deps: StatusPartnersDeps
  readonly #unsent = new Set<string>()
  readonly #partners = new Map<string, Partner>()

  constructor(deps: StatusPartnersDeps) {
    this.#deps = deps
  }

  /** It has connected: what was before counts for nothing. */
  begin(peer: string): void {
    this.#partners.delete(peer)
    this.#partnerOf(peer)
    this.#unsent.add(peer)
  }

  /** It is to hear of our status, if it speaks it. */
  add(peer: string): void {
    this.#unsent.add(peer)
  }

  /** Everybody who is connected. */
  addAll(): void {
    for (const peer of this.#deps.connected()) this.#unsent.add(peer)
  }

  /**
   * Those to be told now, each handed out once. A peer that is busy, in its pause, or has not said yet what it
   * speaks comes later; one that does not speak status is left out until it is added again.
   */
  takeDue(isBusy: (peer: string) => boolean): readonly Partner[] {
    const present = new Set(this.#deps.connected())
    for (const peer of this.#partners.keys()) if (!present.has(peer)) this.#partners.delete(peer)
    const due: Partner[] = []
    for (const peer of this.#unsent) {
      if (present.has(peer) && (isBusy(peer) || this.#isToWait(peer))) continue
      this.#unsent.delete(peer)
      if (present.has(peer) && this.#deps.speaks(peer) !== false) due.push(this.#partnerOf(peer))
    }
    return due
  }

  noteDone(partner: Partner): void {
    partner.failuresCount = 0
  }

  /**
   * It is told again after a pause. One that says when it may be asked again is taken at its word, within the bound.
   * A failure on a connection that is gone counts for nothing.
   */
  noteFailure(partner: Partner, thrown: unknown): void {
    const { peer } = partner
    if (this.#partners.get(peer) !== partner) return
    const judged = judgeFailure(thrown)
    partner.failuresCount += 1
    const pauseMs = backoffMs(STATUS_BACKOFF, partner.failuresCount)
    const waitMs = judged.kind === 'wait' ? judged.waitMs : pauseMs
    partner.notBeforeMs = this.#deps.clock.monotonicMs() + Math.min(waitMs, STATUS_BACKOFF_MAX_MS)
    this.#unsent.add(peer)
  }

  #isToWait(peer: string): boolean {
    const { sinceMs, notBeforeMs } = this.#partnerOf(peer)
    const nowMs = this.#deps.clock.monotonicMs()
    if (nowMs < notBeforeMs) return true
    return this.#deps.speaks(peer) === undefined && nowMs - sinceMs < IDENTIFY_WAIT_MS
  }

  #partnerOf(peer: string): Partner {
    const known = this.#partners.get(peer)
    if (known !== undefined) return known
    const sinceMs = this.#deps.clock.monotonicMs()
    const fresh = { peer, sinceMs, failuresCount: 0, notBeforeMs: 0 }
    this.#partners.set(peer, fresh)
    return fresh
  }
}
