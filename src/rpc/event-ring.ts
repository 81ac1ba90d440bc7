// Events in the order they came, numbered; the newest are kept, so that each reader goes on from where it was.

/** A place in the events: the number of the next one to read. */
export type EventPlace = number

/** The newest events, at most so many. */
export class EventRing<T> {
  readonly #capacity: number
  readonly #events: T[] = []
  #end: EventPlace = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Where the next event will be. */
  get end(): EventPlace {
    return this.#end
  }

  /** The oldest event that is kept. */
  get start(): EventPlace {
    return Math.max(this.#end - this.#capacity, 0)
  }

  push(event: T): void {
    this.#events[this.#end % this.#capacity] = event
    this.#end += 1
  }

  /** Undefined for one that is not kept any more, or has not come yet. */
  at(place: EventPlace): T | undefined {
    return place < this.start || place >= this.#end
      ? undefined
      : this.#events[place % this.#capacity]
  }
}
