// Rounds of asking: which answers stand, when all required have spoken, and whether that showed anything new.
import { type Hex } from '../../base/bytes.ts'
import { LruMap } from '../../base/lru.ts'
import { type RoundTimes, type TipAnswer } from '../decide/findings.ts'

/** Shown blocks remembered; a sequencer that waits for its turn sees new ones for as long as it waits. */
const SEEN_MAX = 4_096

/** One round's outcome: what each asked peer said, and the hashes shown above our head. */
export interface Round {
  readonly answers: ReadonlyMap<string, TipAnswer>
  readonly shownHashes: readonly Hex[]
  /** Monotonic, when the last answer was in. */
  readonly endedMs: number
  /** Monotonic, when the first question went out. */
  readonly startedMs: number
}

/** Keeps what the rounds of one recovery add up to. */
export interface RoundLog {
  /** `isFull`: everyone the quorum needs has answered in this very round. */
  add(round: Round, isFull: boolean): void
  /** A block came by itself, between rounds: it is news as if the next round had shown it. */
  noteArrived(hash: Hex): void
  times(): RoundTimes
  reset(): void
}

/** The quiet round counts from its first question, the one before it to its last answer: the wait is whole. */
export function createRoundLog(): RoundLog {
  let firstFullMs: number | undefined
  let quietFullMs: number | undefined
  let newInARow = 0
  let hasArrived = false
  const seen = new LruMap<Hex, true>(SEEN_MAX)
  return {
    noteArrived(hash) {
      if (seen.has(hash)) return
      seen.set(hash, true)
      hasArrived = true
      firstFullMs = undefined
      quietFullMs = undefined
    },
    add(round, isFull) {
      const isNew = hasArrived || round.shownHashes.some((hash) => !seen.has(hash))
      hasArrived = false
      for (const hash of round.shownHashes) seen.set(hash, true)
      if (isNew) {
        // Whatever came in shows that more may be on its way: the quiet time starts anew.
        newInARow += 1
        firstFullMs = undefined
        quietFullMs = undefined
      }
      if (!isFull) return
      if (!isNew) newInARow = 0
      if (firstFullMs === undefined) firstFullMs = round.endedMs
      else if (!isNew) quietFullMs = round.startedMs
    },
    times: () => ({ firstFullMs, quietFullMs, newInARow }),
    reset() {
      firstFullMs = undefined
      quietFullMs = undefined
      newInARow = 0
      hasArrived = false
      seen.clear()
    }
  }
}
