// Deadlines over an injected clock.
import { type Clock } from './clock.ts'
import { NodeError } from './node-error.ts'

/** A wait that took longer than it may. */
export type DeadlineFailure = {
  readonly code: 'deadline-passed'
  readonly what: string
  readonly afterMs: number
}

/** Thrown when work has not settled within its deadline. */
export class DeadlineError extends NodeError<DeadlineFailure> {}

/**
 * Runs `work` with a signal that aborts when the outer one does or `ms` have passed, whichever comes
 * first; then rejects with the outer reason or DeadlineError, even if the work ignores its signal.
 */
export async function withDeadline<T>(
  { clock, signal, what, ms }: { clock: Clock; signal?: AbortSignal; what: string; ms: number },
  work: (signal: AbortSignal) => Promise<T>
): Promise<T> {
  signal?.throwIfAborted()
  const inner = new AbortController()
  const timer = new AbortController()
  const onAbort = () => {
    inner.abort(signal?.reason)
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  const aborted = new Promise<never>((_, reject) => {
    inner.signal.addEventListener(
      'abort',
      () => {
        reject(inner.signal.reason as Error)
      },
      { once: true }
    )
  })
  clock.sleep(ms, timer.signal).then(
    () => {
      inner.abort(new DeadlineError({ code: 'deadline-passed', what, afterMs: ms }))
    },
    () => undefined // the work settled first
  )
  try {
    return await Promise.race([work(inner.signal), aborted])
  } finally {
    timer.abort()
    signal?.removeEventListener('abort', onAbort)
  }
}
