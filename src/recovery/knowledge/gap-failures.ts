// Targets that could not be reached, and when each may be tried again (src/recovery/README.md, "Decisions").
import { backoffMs } from '../../base/backoff.ts'
import { type Clock } from '../../base/clock.ts'
import { type Hex } from '../../base/bytes.ts'
import { type GapFailure } from '../decide/findings.ts'

/** A walk that failed is tried again after this, then after twice that, up to the maximum. */
const RETRY = { minMs: 5_000, maxMs: 60_000 }
/** Targets remembered; the oldest is forgotten, and tried anew when it shows up again. */
const TARGETS_MAX = 64

interface FailedTarget {
  readonly failure: GapFailure
  readonly retryAtMs: number
  /** Failures in a row, since somebody last came or went: how long the next pause is. */
  readonly failedCount: number
  readonly triesCount: number
  /** A try before this is one too many to count, on the monotonic clock. */
  readonly countsFromMs: number
}

/** Failed targets by hash. */
export class GapFailures {
  readonly #clock: Clock
  readonly #failed = new Map<Hex, FailedTarget>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The target counts for nothing until an answer or a peer changes, or its time has come. */
  note(failure: GapFailure): void {
    const { hash } = failure.target
    const nowMs = this.#clock.monotonicMs()
    const known = this.#failed.get(hash)
    const failedCount = (known?.failedCount ?? 0) + 1
    const isCounted = known === undefined || nowMs >= known.countsFromMs
    const triesCount = (known?.triesCount ?? 0) + (isCounted ? 1 : 0)
    this.#failed.delete(hash)
    this.#failed.set(hash, {
      failure,
      failedCount,
      triesCount,
      retryAtMs: nowMs + backoffMs(RETRY, failedCount),
      countsFromMs: isCounted ? nowMs + backoffMs(RETRY, triesCount) : known.countsFromMs
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

  /**
   * How often the target was tried, with a pause between one try and the next: those that only follow from somebody's
   * coming or going do not count, or peers that do so for ever would decide. 0 when it never failed.
   */
  triesCount(hash: Hex): number {
    return this.#failed.get(hash)?.triesCount ?? 0
  }

  /** The target may be tried again without waiting, and that counts; so does what was counted so far. */
  retry(hash: Hex): void {
    const failed = this.#failed.get(hash)
    const nowMs = this.#clock.monotonicMs()
    if (failed) this.#failed.set(hash, { ...failed, retryAtMs: nowMs, countsFromMs: nowMs })
  }

  /** Somebody came or went: all may be tried again without waiting. */
  retryAll(): void {
    const retryAtMs = this.#clock.monotonicMs()
    for (const [hash, failed] of this.#failed) {
      this.#failed.set(hash, { ...failed, retryAtMs, failedCount: 0 })
    }
  }

  clear(): void {
    this.#failed.clear()
  }
}
