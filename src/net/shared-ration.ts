// Work that strangers cause, in units: each has a little of its own, and beyond it a share in what all have together.
import { type Clock, systemClock } from '../base/clock.ts'
import { type BucketRate } from '../base/token-bucket.ts'
import { Quota } from '../peer/quota.ts'

/** What one peer always has, so that nobody else's flood takes it, and what all have beyond it. */
export interface RationRates {
  readonly own: BucketRate
  readonly shared: BucketRate
}

/** More than anybody asks for. */
const BOUNDLESS: BucketRate = { burstTokens: 2 ** 30, tokensPerSecond: 2 ** 20 }
const ALL = 'all'

/** One ration; peers that were not heard of for long begin anew. */
export class SharedRation {
  readonly #own: Quota
  readonly #shared: Quota

  constructor({ own, shared }: RationRates, clock: Clock = systemClock) {
    this.#own = new Quota(clock, { perPeer: own, total: BOUNDLESS })
    this.#shared = new Quota(clock, { perPeer: shared, total: shared })
  }

  /** True when the work is paid for; of its own first. */
  takes(peer: string, units: number): boolean {
    return this.#own.take(peer, units) === 0 || this.#shared.take(ALL, units) === 0
  }
}
