// Rounds of asking in the background: peers that are silent hold up no block.
import { askEverybody } from './asking.ts'
import { type RecoveryDeps } from './recovery.ts'
import { type Waker } from './waker.ts'

/** Rounds one after the other, never two at once. */
export interface AskingBeside {
  /** Begins a round, unless one is under way. */
  begin(signal: AbortSignal): void
  /** Throws what the last round failed with, once. */
  throwIfFailed(): void
  /** Settles when no round is under way. */
  settled(): Promise<void>
}

/** The waker is told of each end: what a round brought is for the next decision. */
export function createAskingBeside(deps: RecoveryDeps, waker: Pick<Waker, 'wake'>): AskingBeside {
  let round: Promise<void> | undefined
  let failed: { readonly reason: unknown } | undefined
  return {
    begin(signal) {
      round ??= askEverybody(deps, signal)
        .catch((reason: unknown) => {
          failed = { reason }
        })
        .finally(() => {
          round = undefined
          waker.wake()
        })
    },
    throwIfFailed() {
      const last = failed
      failed = undefined
      if (last !== undefined) throw last.reason
    },
    async settled() {
      await round
    }
  }
}
