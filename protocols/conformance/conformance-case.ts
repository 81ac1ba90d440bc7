// What a case of the suite is.
import { type Subject } from './subject.ts'

/** One thing to try on a node. It returns when the node keeps the rules, and throws otherwise. */
export interface ConformanceCase {
  /** The first rule and what is tried: `FR-4 oversize`. */
  readonly id: string
  /** The rules of protocols/ that it is for. */
  readonly rules: readonly string[]
  readonly title: string
  /** True: it is run although the node could not be dialled for an earlier case. */
  readonly isForAwayNode?: true
  /** Throws RuleBroken or NotRun. */
  readonly run: (subject: Subject) => Promise<void>
}
