// A wait that ends when something changed or time is up; a change that came before the wait is not lost.
import { type Clock } from '../base/clock.ts'

/** Wakes one waiter. */
export interface Waker {
  wake(): void
  /** Resolves on the next `wake` (or at once, if one came since the last wait) or after `ms`. */
  wait(ms: number | undefined, signal: AbortSignal): Promise<'woken' | 'timeout'>
}

/** Starts with nobody waiting. */
export function createWaker(clock: Clock): Waker {
  let isPending = false
  let notify: (() => void) | undefined
  return {
    wake() {
      isPending = true
      notify?.()
    },
    async wait(ms, signal) {
      signal.throwIfAborted()
      if (isPending) {
        isPending = false
        return 'woken'
      }
      const timer = new AbortController()
      const stop = () => {
        timer.abort()
        notify?.()
      }
      signal.addEventListener('abort', stop, { once: true })
      const woken = new Promise<'woken'>((resolve) => {
        notify = () => {
          resolve('woken')
        }
      })
      const timeout =
        ms === undefined
          ? new Promise<never>(() => undefined)
          : clock.sleep(ms, timer.signal).then(
              () => 'timeout' as const,
              () => 'woken' as const // the wait is over already
            )
      try {
        const outcome = await Promise.race([woken, timeout])
        signal.throwIfAborted()
        if (outcome === 'woken') isPending = false
        return outcome
      } finally {
        notify = undefined
        timer.abort()
        signal.removeEventListener('abort', stop)
      }
    }
  }
}
