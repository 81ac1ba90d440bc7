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
  const expire = (reason: unknown) => {
    if (!timer.signal.aborted) inner.abort(reason)
  }
  const forwardAbort = () => {
    expire(signal?.reason)
  }
  signal?.addEventListener('abort', forwardAbort, { once: true })
  const expiry = rejectOnAbort(inner.signal)
  expiry.catch(() => undefined) // reported by the race; work that throws at once leaves none
  const deadline = new DeadlineError({ code: 'deadline-passed', what, afterMs: ms })
  clock.sleep(ms, timer.signal).then(() => expire(deadline), expire)
  try {
    return await Promise.race([expiry, work(inner.signal)])
  } finally {
    timer.abort()
    signal?.removeEventListener('abort', forwardAbort)
  }
}

/** Never resolves; rejects with the reason when the signal aborts. */
function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}
