// Turns of the event loop for requests: one slice at a time, first for the client that had the least of it lately.
import { type Clock, systemClock } from '../base/clock.ts'
import { type Yielder, YIELD_SLICE_MS } from '../base/yielder.ts'

/** Half-life of the time that a client has used. */
const USED_HALF_LIFE_MS = 5_000
/** Slices of clients that had less than a full one lately: many newcomers at once are all begun soon. */
const FIRST_SLICE_MS = 1
/** More than this is not one slice: the request waited for something else meanwhile. */
const SLICE_COUNTED_MAX_MS = 4 * YIELD_SLICE_MS

/** Time that a client has had lately. One for each connection, and one for each address. */
export class UsedTime {
  #usedMs = 0
  #atMs = 0

  add(usedMs: number, nowMs: number): void {
    this.#usedMs = this.usedMs(nowMs) + usedMs
    this.#atMs = nowMs
  }

  usedMs(nowMs: number): number {
    return this.#usedMs * 2 ** ((this.#atMs - nowMs) / USED_HALF_LIFE_MS)
  }
}

/** Whose turn it would be. */
export interface TurnTaker {
  /** Goes before all that are not. */
  readonly isUrgent: boolean
  /** Undefined where all clients share an address, as on loopback. */
  readonly address: UsedTime | undefined
  readonly connection: UsedTime
  /** Ends the waiting; `maybeYield` and `next` throw its reason. */
  readonly signal: AbortSignal
}

/** The turns of one piece of work. */
export interface TurnTask extends Yielder {
  /** Waits for a turn, whatever is left of this one. */
  next(): Promise<void>
  /** The work is done: what it used last counts. */
  leave(): void
}

interface Waiting {
  readonly task: object
  readonly taker: TurnTaker
  readonly go: () => void
}

interface Current {
  readonly task: object
  readonly taker: TurnTaker
  readonly startMs: number
  readonly sliceMs: number
}

/**
 * Gives one slice of work to one task in each turn of the event loop, so that all else that shares the loop has its
 * turns. Urgent ones first, then those whose address, then whose connection, has had the least, then in their order.
 */
export class Turns {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #sliceMs: number
  readonly #waiting = new Set<Waiting>()
  #current: Current | undefined
  #isDue = false

  constructor(clock: Pick<Clock, 'monotonicMs'> = systemClock, { sliceMs = YIELD_SLICE_MS } = {}) {
    this.#clock = clock
    this.#sliceMs = sliceMs
  }

  /** Tasks that wait for a turn. */
  get waitingCount(): number {
    return this.#waiting.size
  }

  /** A task without a turn yet. */
  enter(taker: TurnTaker): TurnTask {
    const task = {
      next: () => this.#wait(task, taker),
      maybeYield: () => {
        taker.signal.throwIfAborted()
        const current = this.#current
        const isOn =
          current?.task === task && this.#clock.monotonicMs() - current.startMs < current.sliceMs
        return isOn ? undefined : this.#wait(task, taker)
      },
      leave: () => {
        if (this.#current?.task === task) this.#endSlice()
      }
    }
    return task
  }

  async #wait(task: object, taker: TurnTaker): Promise<void> {
    const { signal } = taker
    signal.throwIfAborted()
    if (this.#current?.task === task) this.#endSlice()
    await new Promise<void>((resolve, reject) => {
      const stop = () => {
        this.#waiting.delete(waiting)
        reject(signal.reason as Error)
      }
      const go = () => {
        signal.removeEventListener('abort', stop)
        resolve()
      }
      const waiting: Waiting = { task, taker, go }
      signal.addEventListener('abort', stop, { once: true })
      this.#waiting.add(waiting)
      this.#makeDue()
    })
  }

  #makeDue(): void {
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(() => {
      this.#isDue = false
      this.#give()
    })
  }

  #give(): void {
    this.#endSlice()
    const nowMs = this.#clock.monotonicMs()
    const chosen = this.#choose(nowMs)
    if (chosen === undefined) return
    this.#waiting.delete(chosen)
    const { task, taker } = chosen
    const isNew = taker.connection.usedMs(nowMs) < this.#sliceMs
    const sliceMs = isNew ? Math.min(FIRST_SLICE_MS, this.#sliceMs) : this.#sliceMs
    this.#current = { task, taker, startMs: nowMs, sliceMs }
    chosen.go()
    if (this.#waiting.size > 0) this.#makeDue()
  }

  #choose(nowMs: number): Waiting | undefined {
    let best: { readonly waiting: Waiting; readonly rank: readonly number[] } | undefined
    for (const waiting of this.#waiting) {
      const { isUrgent, address, connection } = waiting.taker
      const rank = [isUrgent ? 0 : 1, address?.usedMs(nowMs) ?? 0, connection.usedMs(nowMs)]
      if (best === undefined || isBefore(rank, best.rank)) best = { waiting, rank }
    }
    return best?.waiting
  }

  #endSlice(): void {
    if (this.#current === undefined) return
    const { taker, startMs } = this.#current
    this.#current = undefined
    const nowMs = this.#clock.monotonicMs()
    const usedMs = Math.min(nowMs - startMs, SLICE_COUNTED_MAX_MS)
    taker.connection.add(usedMs, nowMs)
    taker.address?.add(usedMs, nowMs)
  }
}

function isBefore(one: readonly number[], other: readonly number[]): boolean {
  const at = one.findIndex((value, index) => value !== other[index])
  return at >= 0 && one[at]! < other[at]!
}
