// One asynchronous job at a time, in the order they came.
import { NodeError } from './node-error.ts'

/** More jobs wait than may. */
export type SerialFailure = {
  readonly code: 'serial-full'
  readonly what: string
  readonly jobsMax: number
}

/** Thrown to the caller whose job finds no room; the job was not begun. */
export class SerialError extends NodeError<SerialFailure> {}

/** Runs jobs one after the other. A job must not wait for another job of the same executor. */
export class SerialExecutor {
  readonly #what: string
  readonly #jobsMax: number
  #jobsCount = 0
  #last: Promise<void> = Promise.resolve()

  /** `what` names it in failures; `jobsMax`, at least 1, counts the running job too. */
  constructor(what: string, jobsMax: number) {
    if (!Number.isSafeInteger(jobsMax) || jobsMax < 1) {
      throw new RangeError(`${what}: ${jobsMax} jobs at most`)
    }
    this.#what = what
    this.#jobsMax = jobsMax
  }

  /** Jobs that run or wait. */
  get jobsCount(): number {
    return this.#jobsCount
  }

  /**
   * Runs the job after all that came before, whether those failed or not, and settles as it does.
   * Rejects with SerialError when full; a job whose signal is aborted when its turn comes is not begun,
   * and rejects with the signal's reason.
   */
  async run<T>(job: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#jobsCount >= this.#jobsMax) {
      throw new SerialError({ code: 'serial-full', what: this.#what, jobsMax: this.#jobsMax })
    }
    this.#jobsCount++
    const result = this.#last.then(() => {
      signal?.throwIfAborted()
      return job()
    })
    const settle = () => {
      this.#jobsCount--
    }
    this.#last = result.then(settle, settle)
    return result
  }

  /** Settles once every job that was brought so far has settled. Never rejects. */
  async idle(): Promise<void> {
    await this.#last
  }
}
