// A queue between tasks that cannot grow without end.

/**
 * What a full queue does with one more item: `refuse` it, so that the sender slows down or says so, or
 * `drop-oldest`, where the newest is worth most.
 */
export type FullQueuePolicy = 'refuse' | 'drop-oldest'

/** First in, first out, at most `itemsMax` items. Several consumers share: each item goes to one. */
export class BoundedQueue<T> {
  readonly #itemsMax: number
  readonly #whenFull: FullQueuePolicy
  readonly #wakers = new Set<() => void>()
  #items: T[] = []
  #head = 0
  #droppedCount = 0
  #isClosed = false

  /** `itemsMax` is at least 1, else RangeError. */
  constructor(itemsMax: number, whenFull: FullQueuePolicy) {
    if (!Number.isSafeInteger(itemsMax) || itemsMax < 1) {
      throw new RangeError(`a queue of ${itemsMax} items`)
    }
    this.#itemsMax = itemsMax
    this.#whenFull = whenFull
  }

  /** Items that wait. */
  get size(): number {
    return this.#items.length - this.#head
  }

  /** Items lost to the bound so far: refused ones, or old ones that made room. */
  get droppedCount(): number {
    return this.#droppedCount
  }

  /** Takes the item in. False when it was refused, since the queue is full or closed. */
  push(item: T): boolean {
    if (this.#isClosed) return false
    if (this.size === this.#itemsMax) {
      this.#droppedCount++
      if (this.#whenFull === 'refuse') return false
      this.#shift()
    }
    this.#items.push(item)
    this.#wakeAll()
    return true
  }

  /** No more items: consumers end once they took what waits. */
  close(): void {
    this.#isClosed = true
    this.#wakeAll()
  }

  /** Yields items as they come, until the queue is closed and empty. Throws the signal's reason. */
  async *drain(signal: AbortSignal): AsyncGenerator<T, void, undefined> {
    for (;;) {
      signal.throwIfAborted()
      if (this.size > 0) yield this.#shift()
      else if (this.#isClosed) return
      else await this.#change(signal)
    }
  }

  /** The oldest item, which the caller has made sure of. */
  #shift(): T {
    const item = this.#items[this.#head]!
    this.#head++
    // Items that were taken are let go of in bulk, which costs a constant on average.
    if (this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  #wakeAll(): void {
    for (const wake of this.#wakers) wake()
    this.#wakers.clear()
  }

  /** Settles with the next push or close, or with the abort. */
  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        signal.removeEventListener('abort', wake)
        this.#wakers.delete(wake)
        resolve()
      }
      this.#wakers.add(wake)
      signal.addEventListener('abort', wake, { once: true })
    })
  }
}
