// How long each part of a node's start took.

/** Parts of a start, in their order. */
export type StartPart = 'modules' | 'stores' | 'network' | 'services'

/** Notes when each part is done. */
export class StartTimes {
  readonly #nowMs: () => number
  readonly #spent: Partial<Record<StartPart, number>> = {}
  #lastMs = 0

  /** The time counts from the start of the process, as `performance.now()` does: the first part has all that came before it. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
  }

  done(part: StartPart): void {
    const nowMs = this.#nowMs()
    this.#spent[part] = Math.round(nowMs - this.#lastMs)
    this.#lastMs = nowMs
  }

  /** Milliseconds of each part that is done. */
  spentMs(): Readonly<Partial<Record<StartPart, number>>> {
    return { ...this.#spent }
  }
}
