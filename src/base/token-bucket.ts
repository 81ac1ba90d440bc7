// A token bucket: how much may be done at once, and how fast the allowance comes back.

/** A bucket's size and how fast it fills. */
export interface BucketRate {
  readonly burstTokens: number
  readonly tokensPerSecond: number
}

/** Full at first. Each method is given a monotonic time, which never goes back. */
export class TokenBucket {
  readonly #rate: BucketRate
  /** In thousandths, so that whole tokens a second over whole milliseconds stay whole. */
  #milliTokens: number
  #filledMs: number

  constructor(rate: BucketRate, nowMs: number) {
    this.#rate = rate
    this.#milliTokens = 1_000 * rate.burstTokens
    this.#filledMs = nowMs
  }

  /** Tokens that are there now: at most the burst, below zero after more was taken than there was. */
  tokens(nowMs: number): number {
    return this.#fill(nowMs) / 1_000
  }

  /** Milliseconds until so many tokens are there; 0 when they are. */
  waitMs(tokens: number, nowMs: number): number {
    const missing = 1_000 * tokens - this.#fill(nowMs)
    return missing <= 0 ? 0 : Math.ceil(missing / this.#rate.tokensPerSecond)
  }

  /** Takes tokens, even below zero; a negative number gives them back. */
  take(tokens: number): void {
    this.#milliTokens -= 1_000 * tokens
  }

  #fill(nowMs: number): number {
    const { burstTokens, tokensPerSecond } = this.#rate
    const filled = this.#milliTokens + (nowMs - this.#filledMs) * tokensPerSecond
    this.#milliTokens = Math.min(1_000 * burstTokens, filled)
    this.#filledMs = nowMs
    return this.#milliTokens
  }
}
