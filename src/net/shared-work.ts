// A budget of work that many connections share: each has its turn, and none holds the event loop.
import { type FrameGate } from './frame-gate.ts'

/** Bounds of the work. */
export interface WorkLimits {
  /** Units at once: what the event loop may be held for. */
  readonly unitsMax: number
  readonly unitsPerSecond: number
  /** Units of one connection before the next has its turn. */
  readonly sliceUnits: number
}

/** One connection's share in it. */
export interface Worker {
  readonly gate: FrameGate
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
  #units: number
  #refilledMs: number
  #isScheduled = false

  constructor(limits: WorkLimits, nowMs: () => number = () => performance.now()) {
    this.#limits = limits
    this.#nowMs = nowMs
    this.#units = limits.unitsMax
    this.#refilledMs = nowMs()
  }

  /** Units of one connection at a time. */
  get sliceUnits(): number {
    return this.#limits.sliceUnits
  }

  /** Call when bytes have come. A worker that waits already keeps its place. */
  run(worker: Worker): void {
    if (this.#waiting.has(worker)) return
    this.#refill()
    this.#turn(worker)
    this.#schedule()
  }

  remove(worker: Worker): void {
    this.#waiting.delete(worker)
  }

  #turn(worker: Worker): void {
    let failure: Error | undefined
    try {
      this.#units -= worker.gate.pump(Math.min(this.#units, this.#limits.sliceUnits))
      if (worker.gate.isPending) this.#waiting.add(worker)
    } catch (thrown) {
      failure = thrown instanceof Error ? thrown : new Error('unknown failure')
    }
    worker.onTurn(failure)
  }

  #refill(): void {
    const { unitsMax, unitsPerSecond } = this.#limits
    const nowMs = this.#nowMs()
    const refill = ((nowMs - this.#refilledMs) / 1_000) * unitsPerSecond
    this.#units = Math.min(this.#units + refill, unitsMax)
    this.#refilledMs = nowMs
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.size === 0) return
    this.#isScheduled = true
    const turn = () => {
      this.#isScheduled = false
      this.#refill()
      for (const worker of [...this.#waiting]) {
        if (this.#units <= 0) break
        this.#waiting.delete(worker)
        this.#turn(worker)
      }
      this.#schedule()
    }
    if (this.#units > 0) setImmediate(turn)
    else setTimeout(turn, PAUSE_MS)
  }
}
