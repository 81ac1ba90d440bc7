// Targets that could not be reached, and when each may be tried again (recovery.md, row 13).
import { type Clock } from '../base/clock.ts'
import { type Hex } from '../base/bytes.ts'
import { type GapFailure } from './findings.ts'

/** A walk that failed is tried again after this, then after twice that, up to the maximum. */
const RETRY_MIN_MS = 5_000
const RETRY_MAX_MS = 60_000
/** Targets remembered; the oldest is forgotten, and tried anew when it shows up again. */
const TARGETS_MAX = 64

interface FailedTarget {
  readonly failure: GapFailure
  readonly retryAtMs: number
  readonly triesCount: number
}

/** Failed targets by hash. */
export class GapFailures {
  readonly #clock: Clock
  readonly #failed = new Map<Hex, FailedTarget>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The target matches no row until an answer or a peer changes, or its time has come. */
  note(failure: GapFailure): void {
    const { hash } = failure.target
    const triesCount = (this.#failed.get(hash)?.triesCount ?? 0) + 1
    const waitMs = Math.min(RETRY_MIN_MS * 2 ** (triesCount - 1), RETRY_MAX_MS)
    this.#failed.delete(hash)
    this.#failed.set(hash, {
      failure,
      triesCount,
      retryAtMs: this.#clock.monotonicMs() + waitMs
    })
    for (const oldest of this.#failed.keys()) {
      if (this.#failed.size <= TARGETS_MAX) break
      this.#failed.delete(oldest)
    }
  }

  /** Those that are not to be tried now. */
  current(): ReadonlyMap<Hex, GapFailure> {
    const nowMs = this.#clock.monotonicMs()
    const waiting = [...this.#failed].filter(([, { retryAtMs }]) => retryAtMs > nowMs)
    return new Map(waiting.map(([hash, { failure }]) => [hash, failure]))
  }

  /** How often the target was tried since somebody last came or went; 0 when it never failed. */
  triesCount(hash: Hex): number {
    return this.#failed.get(hash)?.triesCount ?? 0
  }

  /** The target may be tried again without waiting; what was counted so far stays. */
  retry(hash: Hex): void {
    const failed = this.#failed.get(hash)
    if (failed) this.#failed.set(hash, { ...failed, retryAtMs: this.#clock.monotonicMs() })
  }

  clear(): void {
    this.#failed.clear()
  }
}
