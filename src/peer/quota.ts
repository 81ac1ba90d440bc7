// Token buckets: what a peer, and all peers together, may ask of us. Taken together or not at all.
import { type Clock } from '../base/clock.ts'
import { LruMap } from '../base/lru.ts'
import { type BucketRate, TokenBucket } from '../base/token-bucket.ts'

/** What each peer has, and what all have together. */
export interface QuotaRates {
  readonly perPeer: BucketRate
  readonly total: BucketRate
}

/** Peers whose buckets are remembered; one that was forgotten starts with a full one. */
const PEERS_MAX = 1_000

/** The buckets of one kind of work. */
export class Quota {
  readonly #clock: Clock
  readonly #rates: QuotaRates
  readonly #total: TokenBucket
  readonly #peers = new LruMap<string, TokenBucket>(PEERS_MAX)

  constructor(clock: Clock, rates: QuotaRates) {
    this.#clock = clock
    this.#rates = rates
    this.#total = new TokenBucket(rates.total, clock.monotonicMs())
  }

  /** Takes the tokens from both buckets, or from none: then the milliseconds until they may be there. */
  take(peer: string, tokens: number): number {
    const nowMs = this.#clock.monotonicMs()
    const bucket = this.#bucketOf(peer, nowMs)
    const waitMs = Math.max(bucket.waitMs(tokens, nowMs), this.#total.waitMs(tokens, nowMs))
    if (waitMs > 0) return waitMs
    bucket.take(tokens)
    this.#total.take(tokens)
    return 0
  }

  /** Gives tokens back that were taken; a bucket holds no more than its burst all the same. */
  refund(peer: string, tokens: number): void {
    this.#bucketOf(peer, this.#clock.monotonicMs()).take(-tokens)
    this.#total.take(-tokens)
  }

  /**
   * Takes the tokens of work that is done from both buckets, even below zero. Once the peer owes more than its bucket
   * holds: the milliseconds until it owes nothing; else 0.
   */
  spend(peer: string, tokens: number): number {
    const nowMs = this.#clock.monotonicMs()
    const bucket = this.#bucketOf(peer, nowMs)
    bucket.take(tokens)
    this.#total.take(tokens)
    const waitMs = bucket.waitMs(0, nowMs)
    return bucket.waitMs(-this.#rates.perPeer.burstTokens, nowMs) > 0 ? waitMs : 0
  }

  /** Charges for what was done already, even below zero: a request that did not decode. */
  charge(peer: string, tokens: number): void {
    const nowMs = this.#clock.monotonicMs()
    this.#bucketOf(peer, nowMs).take(tokens)
  }

  #bucketOf(peer: string, nowMs: number): TokenBucket {
    let bucket = this.#peers.get(peer)
    if (bucket === undefined) {
      bucket = new TokenBucket(this.#rates.perPeer, nowMs)
      this.#peers.set(peer, bucket)
    }
    return bucket
  }
}
