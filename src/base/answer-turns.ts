// Work on an answer in small steps: it waits for its turn between them, and ends when its time is spent.
import { type Clock } from './clock.ts'
import { type NextTurn } from './shared-turns.ts'

/** Settles when the next step may begin; `spentMs` is how long the last one took. */
export type NextStep = (spentMs: number, signal: AbortSignal) => Promise<void>

/** How long one step holds the event loop. */
export const STEP_MS = 1

/** Bounds of the time of one answer, milliseconds. */
export interface AnswerTime {
  /** In its own steps. */
  readonly stepsMs: number
  /** From its beginning on, waiting for turns included. */
  readonly wholeMs: number
}

/** What work awaits between two small pieces, each far below STEP_MS. */
export interface AnswerTurns {
  /** True once the answer has had its time: what is there then is the answer. */
  readonly isSpent: boolean
  /** Undefined while the step lasts, which costs one look at the clock; else settles on a later turn. Rejects on abort. */
  pause(): Promise<void> | undefined
}

/** Settles at the first turn. */
export async function beginTurns(
  {
    clock,
    nextStep,
    signal
  }: {
    readonly clock: Pick<Clock, 'monotonicMs'>
    readonly nextStep: NextStep
    readonly signal: AbortSignal
  },
  { stepsMs, wholeMs }: AnswerTime
): Promise<AnswerTurns> {
  const startedMs = clock.monotonicMs()
  await nextStep(0, signal)
  let stepStartMs = clock.monotonicMs()
  let spentMs = 0
  let isSpent = false
  const wait = async (stepMs: number) => {
    spentMs += stepMs
    isSpent = spentMs >= stepsMs || clock.monotonicMs() - startedMs >= wholeMs
    // The answer is to be made of what is there: no more turns are waited for.
    if (!isSpent) await nextStep(stepMs, signal)
    signal.throwIfAborted()
    stepStartMs = clock.monotonicMs()
  }
  return {
    get isSpent() {
      return isSpent
    },
    pause() {
      const stepMs = clock.monotonicMs() - stepStartMs
      return stepMs < STEP_MS ? undefined : wait(stepMs)
    }
  }
}

/** One step of all that share these turns in each turn of the event loop. */
export function stepsInTurns(nextTurn: NextTurn): NextStep {
  return async (_, signal) => {
    await nextTurn()
    signal.throwIfAborted()
  }
}

/** The same, and all steps together take at most this share of the time. */
export function pacedSteps(
  clock: Pick<Clock, 'monotonicMs' | 'sleep'>,
  nextTurn: NextTurn,
  share: number
): NextStep {
  const pausePerMs = 1 / share - 1
  let freeMs = 0
  return async (spentMs, signal) => {
    const nowMs = clock.monotonicMs()
    freeMs = Math.max(freeMs, nowMs) + spentMs * pausePerMs
    if (freeMs > nowMs) await clock.sleep(freeMs - nowMs, signal)
    await nextTurn()
    signal.throwIfAborted()
  }
}
