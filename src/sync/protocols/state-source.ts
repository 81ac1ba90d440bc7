// What the four protocols of state are served from: a readable state, and turns in which answers are made.
import { type AnswerTurns, beginTurns, pacedSteps, stepsInTurns } from '../../base/answer-turns.ts'
import { type Clock } from '../../base/clock.ts'
import { createSharedTurns } from '../../base/shared-turns.ts'
import { RequestRefused, type ServeContext } from '../../reqresp/responder.ts'
import { createStateRanges, type ServedState, type StateRanges } from '../../state/state-ranges.ts'

/** What serving needs. */
export interface StateSource {
  readonly state: {
    readonly ranges: StateRanges
    /** Settles when work on an answer may begin. */
    readonly beginTurns: (context: Pick<ServeContext, 'peer' | 'signal'>) => Promise<AnswerTurns>
  }
}

/** All answers to strangers together take at most this share of the time. */
const STRANGERS_SHARE = 0.2
/** An answer's own work, and how long it may take with its waits: a client gives up after some ten seconds. */
const ANSWER_TIME = { stepsMs: 250, wholeMs: 1_500 } as const

/** Configured peers and strangers have turns of their own, so that no flood of strangers makes a backup wait. */
export function createStateSource({
  clock,
  state,
  isConfigured
}: {
  readonly clock: Clock
  readonly state: ServedState
  readonly isConfigured: (peer: string) => boolean
}): StateSource['state'] {
  const reserved = stepsInTurns(createSharedTurns())
  const strangers = pacedSteps(clock, createSharedTurns(), STRANGERS_SHARE)
  return {
    ranges: createStateRanges(state),
    beginTurns: ({ peer, signal }) => {
      const nextStep = isConfigured(peer) ? reserved : strangers
      return beginTurns({ clock, nextStep, signal }, ANSWER_TIME)
    }
  }
}

/** The answer of a state that is held. Throws RequestRefused where it is not. */
export function requireHeld<Answer>(answer: Answer | undefined): Answer {
  if (answer !== undefined) return answer
  throw new RequestRefused('unavailable', 'the state is not held, or has not what was asked for')
}
