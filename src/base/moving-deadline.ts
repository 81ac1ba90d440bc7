// A deadline for many short waits in a row: one timer for all of them, where `withDeadline` takes two controllers and a timer each.
import { type Clock } from './clock.ts'
import { DeadlineError } from './deadline.ts'

/** What the waits stand on. */
export interface MovingDeadlineDeps {
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>
  /** When it aborts, the wait that is under way rejects with its reason. */
  readonly signal: AbortSignal
}

/** One wait at a time. To be closed when the last one is over. */
export class MovingDeadline {
  readonly #clock: MovingDeadlineDeps['clock']
  readonly #signal: AbortSignal
  readonly #closed = new AbortController()
  #sleeping: AbortController | undefined
  #sleepsUntilMs = Infinity
  #untilMs = Infinity
  #expire: () => void = () => undefined
  #reject: (reason: unknown) => void = () => undefined

  constructor({ clock, signal }: MovingDeadlineDeps) {
    this.#clock = clock
    this.#signal = signal
    const onAbort = () => {
      this.#reject(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { signal: this.#closed.signal })
  }

  /** Settles as `work` does, or rejects with DeadlineError once `ms` have passed, or as soon as the signal aborts. */
  async run<T>(what: string, ms: number, work: () => Promise<T>): Promise<T> {
    this.#signal.throwIfAborted()
    this.#untilMs = this.#clock.monotonicMs() + ms
    this.#expire = () => {
      this.#reject(new DeadlineError({ code: 'deadline-passed', what, afterMs: ms }))
    }
    this.#watch()
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#reject = reject
        work().then(resolve, reject)
      })
    } finally {
      this.#untilMs = Infinity
      this.#reject = () => undefined
    }
  }

  /** Ends the timer. */
  close(): void {
    this.#closed.abort()
    this.#sleeping?.abort()
  }

  /** Sleeps up to the deadline, and on where that has moved meanwhile; begins anew only where it is earlier than before. */
  #watch(): void {
    if (this.#sleeping !== undefined && this.#sleepsUntilMs <= this.#untilMs) return
    this.#sleeping?.abort()
    const sleeping = new AbortController()
    this.#sleeping = sleeping
    this.#sleepsUntilMs = this.#untilMs
    const ms = Math.max(0, this.#untilMs - this.#clock.monotonicMs())
    this.#clock.sleep(ms, sleeping.signal).then(
      () => {
        this.#sleeping = undefined
        if (this.#clock.monotonicMs() >= this.#untilMs) this.#expire()
        else if (this.#untilMs < Infinity) this.#watch()
      },
      () => undefined // it was ended, or begun anew
    )
  }
}
