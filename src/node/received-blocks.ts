// Blocks that gossip brought, kept waiting while the disk has no room: nobody sends them again.
import { type Clock } from '../base/clock.ts'
import { passingCause } from '../base/passing-failure.ts'
import { type KeyValueStore } from '../store/key-value-store.ts'
import { onceOpen } from '../store/once-open.ts'

/** Pause before work that failed for want of room or of files is done again. */
export const RECEIVED_RETRY_MS = 1_000

/** What the work stands on; it is given up when the signal aborts. */
export interface ReceivedBlocksDeps {
  readonly clock: Pick<Clock, 'sleep'>
  readonly store: Pick<KeyValueStore, 'batch'>
  readonly signal: AbortSignal
}

/**
 * Does the work until it is done, or fails for good. Whoever asks for our tip waits for it meanwhile: an answer without
 * the block would say that it never came.
 */
export async function untilDone<T>(
  { clock, store, signal }: ReceivedBlocksDeps,
  work: () => T | Promise<T>
): Promise<T> {
  for (;;) {
    try {
      return await onceOpen(store, work)
    } catch (thrown) {
      if (signal.aborted || passingCause(thrown) === undefined) throw thrown
      await clock.sleep(RECEIVED_RETRY_MS, signal)
    }
  }
}
