// Closes what was opened, in reverse order; a failure to close one does not keep the others open.
import { type Log } from './log.ts'
import { errorMessage } from './node-error.ts'

/** Collects what has to be closed. */
export interface Closers {
  add(what: string, close: () => Promise<void>): void
  /** Closes the newest first; a failure is logged. A second call does nothing. */
  closeAll(): Promise<void>
}

/** Starts with nothing to close. */
export function createClosers(log: Log): Closers {
  const open: { readonly what: string; readonly close: () => Promise<void> }[] = []
  return {
    add: (what, close) => void open.push({ what, close }),
    async closeAll() {
      for (const { what, close } of open.splice(0).reverse()) {
        try {
          await close()
        } catch (thrown) {
          log.error('close-failed', { what, reason: errorMessage(thrown) })
        }
      }
    }
  }
}
