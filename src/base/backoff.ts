// The pause after failures in a row: it doubles with each, up to a longest one.

/** Milliseconds: the first pause, and the longest. */
export interface BackoffRange {
  readonly minMs: number
  readonly maxMs: number
}

/** The pause after so many failures in a row, from 1 on. */
export function backoffMs({ minMs, maxMs }: BackoffRange, failuresCount: number): number {
  return Math.min(minMs * 2 ** (failuresCount - 1), maxMs)
}

/** Counts the failures of one thing that is tried again and again. */
export class Backoff {
  readonly #range: BackoffRange
  #failuresCount = 0

  constructor(range: BackoffRange) {
    this.#range = range
  }

  /** After one more failure. */
  next(): number {
    this.#failuresCount += 1
    return backoffMs(this.#range, this.#failuresCount)
  }

  /** It went well, or something changed: the next pause is the first again. */
  reset(): void {
    this.#failuresCount = 0
  }
}
