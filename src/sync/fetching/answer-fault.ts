// Which fault of the table (peer/blame.ts) a false answer is, and what a gap says of peers that are benched.
import { BAN_MS, type Fault } from '../../peer/blame.ts'
import { type PeerBlocksFailure } from '../protocols/asking.ts'
import { type FalseState } from '../protocols/state-checks.ts'
import { type FalseDiff } from '../protocols/state-diffs-by-range.ts'
import { type GapOutcome } from './fill-gap.ts'

/** What was well-formed and false. */
export type FalseAnswer = PeerBlocksFailure | FalseDiff | FalseState

/** An answer that was well-formed and false. */
export function falseAnswerFault({ code }: FalseAnswer): Fault {
  switch (code) {
    case 'block-false':
      return 'false-block'
    case 'block-unusable':
      return 'signers-doing'
    case 'answer-empty':
    case 'state-answer-empty':
      return 'reset'
    case 'block-unrequested':
    case 'diff-unrequested':
    case 'state-unrequested':
      return 'unrequested-item'
    case 'answer-too-large':
      return 'over-limit'
    case 'relation-false':
      return 'false-claim'
    case 'diff-false':
      return 'false-diff'
    case 'state-false':
      return 'false-state'
  }
}

/** A gap that nobody serves because those who might are spared bulk requests says so: who, and why. */
export function nameBenched(outcome: GapOutcome, benched: readonly string[]): GapOutcome {
  if (outcome.kind !== 'unserved' || benched.length === 0) return outcome
  const minutes = String(BAN_MS / 60_000)
  const why = `not asked, since benched for ${minutes} minutes for what they served`
  return { ...outcome, reason: `${outcome.reason}; ${why}: ${benched.join(', ')}` }
}
