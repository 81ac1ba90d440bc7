// Recovery when the disk is full or no more files can be opened: it waits, gives that as the reason, and tries again.
import { errorMessage } from '../base/node-error.ts'
import { passingCause } from '../base/passing-failure.ts'
import { type RecoveryDeps } from './recovery.ts'
import { nameShutReason } from './sequencing-switch.ts'

type Step = (signal: AbortSignal) => Promise<unknown>

/** Takes turns until the signal aborts, with a pause after each that has to be taken again. Throws what does not pass. */
export async function turnByTurn(
  deps: RecoveryDeps,
  signal: AbortSignal,
  [turn, pause]: readonly [turn: Step, pause: Step]
): Promise<void> {
  while (!signal.aborted) if (await isUsedUp(deps, signal, turn)) await pause(signal)
}

/** Resolves with true when the turn has to be taken again. */
async function isUsedUp(
  { gate, knowledge, progress, log }: RecoveryDeps,
  signal: AbortSignal,
  turn: Step
): Promise<boolean> {
  try {
    await turn(signal)
    return false
  } catch (thrown) {
    const cause = passingCause(thrown)
    if (signal.aborted || cause === undefined) throw thrown
    log.warn('recovery-waits', { cause, reason: errorMessage(thrown) })
    if (gate.state().kind === 'open') {
      gate.shut(cause)
      knowledge.restart()
      progress.restart()
    } else {
      nameShutReason(gate, { code: cause })
    }
    return true
  }
}
