// A semaphore: a number of places for work; what finds none waits in the order it came.

/** Places for work. The caller bounds how many wait. */
export class Semaphore {
  readonly #waiting = new Set<() => void>()
  #freeCount: number

  constructor(placesCount: number) {
    this.#freeCount = placesCount
  }

  /** Runs the work in a place of its own. Throws the signal's reason when it aborts before one is free. */
  async use<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#take(signal)
    try {
      return await work()
    } finally {
      this.#give()
    }
  }

  async #take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#freeCount > 0) {
      this.#freeCount -= 1
      return
    }
    await new Promise<void>((resolve, reject) => {
      const stop = () => {
        this.#waiting.delete(go)
        reject(signal.reason as Error)
      }
      const go = () => {
        signal.removeEventListener('abort', stop)
        resolve()
      }
      signal.addEventListener('abort', stop, { once: true })
      this.#waiting.add(go)
    })
  }

  /** The place goes to the work that waits longest. */
  #give(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#freeCount += 1
      return
    }
    this.#waiting.delete(next)
    next()
  }
}
