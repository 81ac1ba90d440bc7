// A budget of work that many connections share by turns, so that none holds the event loop.
import { type BucketRate, TokenBucket } from '../base/token-bucket.ts'

/** Bytes that wait to be handed on. */
export interface Gate {
  /** True while `pump` would hand on something. */
  readonly isPending: boolean
  /** Hands on what costs up to so many units; returns what was spent. Throws for a connection that must go. */
  pump(unitsMax: number): number
}

/** Bounds of the work. */
export interface WorkLimits {
  /** A token is a unit; the burst is what the event loop may be held for. */
  readonly rate: BucketRate
  /** Units of one connection before the next has its turn. */
  readonly sliceUnits: number
}

/** One connection's share in it. */
export interface Worker {
  readonly gate: Gate
  /** Work was done, or could not be: bytes may wait no longer, or the connection must go. */
  readonly onTurn: (failure: Error | undefined) => void
}

/** How long work that is not paid for waits before it is looked at again. */
const PAUSE_MS = 5

/** Hands on the frames of its workers, as far as the budget goes. */
export class SharedWork {
  readonly #limits: WorkLimits
  readonly #nowMs: () => number
  readonly #waiting = new Set<Worker>()
  readonly #units: TokenBucket
  #isScheduled = false

  constructor(limits: WorkLimits, nowMs: () => number = () => performance.now()) {
    this.#limits = limits
    this.#nowMs = nowMs
    this.#units = new TokenBucket(limits.rate, nowMs())
  }

  /** Units of one connection at a time. */
  get sliceUnits(): number {
    return this.#limits.sliceUnits
  }

  /** Call when bytes have come. A worker that waits already keeps its place. */
  run(worker: Worker): void {
    if (this.#waiting.has(worker)) return
    const nowMs = this.#nowMs()
    this.#turn(worker, nowMs)
    this.#schedule(nowMs)
  }

  remove(worker: Worker): void {
    this.#waiting.delete(worker)
  }

  #turn(worker: Worker, nowMs: number): void {
    let failure: Error | undefined
    try {
      const units = Math.min(this.#units.tokens(nowMs), this.#limits.sliceUnits)
      this.#units.take(worker.gate.pump(units))
      if (worker.gate.isPending) this.#waiting.add(worker)
    } catch (thrown) {
      failure = thrown instanceof Error ? thrown : new Error('unknown failure')
    }
    worker.onTurn(failure)
  }

  /** What the budget has at one moment is all for one turn of the event loop: none is added while that lasts. */
  #schedule(nowMs: number): void {
    if (this.#isScheduled || this.#waiting.size === 0) return
    this.#isScheduled = true
    const turn = () => {
      this.#isScheduled = false
      const turnMs = this.#nowMs()
      for (const worker of [...this.#waiting]) {
        if (this.#units.tokens(turnMs) <= 0) break
        this.#waiting.delete(worker)
        this.#turn(worker, turnMs)
      }
      this.#schedule(turnMs)
    }
    if (this.#units.tokens(nowMs) > 0) setImmediate(turn)
    else setTimeout(turn, PAUSE_MS)
  }
}
