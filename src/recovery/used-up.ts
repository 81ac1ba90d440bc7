// A turn of recovery that finds the disk full, or no file left to open: it waits by that name, and looks anew.
import { errorMessage } from '../base/node-error.ts'
import { passingCause } from '../base/passing-failure.ts'
import { type RecoveryDeps } from './recovery.ts'
import { nameShutReason } from './sequencing-switch.ts'

/** Resolves with true when the turn has to be taken again after a pause. Throws what does not pass by itself. */
export async function isUsedUp(
  { gate, knowledge, progress, log }: RecoveryDeps,
  signal: AbortSignal,
  turn: () => Promise<void>
): Promise<boolean> {
  try {
    await turn()
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
