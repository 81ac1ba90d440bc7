// What the process of the readers is told, and what it says at its end.
import { type ReadFacts } from './read-facts.ts'

/** The first argument of the process, in a file since it is long. */
export interface ReadOrder {
  readonly rpcUrl: string
  /** Reads begun in a second, by the clock and not by the answers. */
  readonly ratePerSecond: number
  readonly seconds: number
  readonly seed: number
  readonly facts: ReadFacts
}

/** What became of the reads of one kind. */
export interface KindCounts {
  readonly name: string
  readonly rightCount: number
  readonly wrongCount: number
  /** Refused by the limits that keep callers apart. */
  readonly refusedCount: number
  /** Any other error, and what got no answer. */
  readonly failedCount: number
  /** Of right answers, from when the read was due. */
  readonly elapsedMs: readonly number[]
}

/** What the readers came to. */
export interface ReadCounts {
  readonly kinds: readonly KindCounts[]
  /** The first of what was wrong or failed, to look into. */
  readonly faults: readonly string[]
}
