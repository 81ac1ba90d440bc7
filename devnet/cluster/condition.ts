// Waiting for what nodes do: by looking again and again until a deadline, with an error that says what was seen.
import { systemClock } from '../../src/base/clock.ts'

const LOOK_AGAIN_MS = 100

/** What is awaited, and how long it may take. */
export interface Condition {
  readonly what: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly everyMs?: number
}

/** Thrown when a condition did not come true in time. */
export class ConditionError extends Error {}

/** What one look found: done, what stands instead, or why it can never be done. */
export type Look<T> =
  { readonly done: T } | { readonly instead: string } | { readonly never: string }

/**
 * Looks until `look` is done. What `look` throws counts as not yet, since nodes come and go; the last of it
 * is in the ConditionError that the deadline brings. Rejects with the signal's reason when aborted.
 */
export async function waitUntil<T>(
  { what, timeoutMs, signal, everyMs = LOOK_AGAIN_MS }: Condition,
  look: () => Promise<Look<T>> | Look<T>
): Promise<T> {
  const startedMs = performance.now()
  for (;;) {
    signal.throwIfAborted()
    const seen = await lookOnce(look)
    if ('done' in seen) return seen.done
    if ('never' in seen) throw new ConditionError(`${what}: never, since ${seen.never}`)
    const { instead } = seen
    if (performance.now() - startedMs >= timeoutMs) {
      throw new ConditionError(`${what}: not within ${String(timeoutMs)} ms; instead: ${instead}`)
    }
    await systemClock.sleep(everyMs, signal)
  }
}

/** What the promise brings, or the signal's reason as soon as it aborts; the work itself goes on. */
export async function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const ended = new AbortController()
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = () => {
      reject(signal.reason as Error)
    }
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true, signal: ended.signal })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    ended.abort()
  }
}

async function lookOnce<T>(look: () => Promise<Look<T>> | Look<T>): Promise<Look<T>> {
  try {
    return await look()
  } catch (thrown) {
    return { instead: describeError(thrown) }
  }
}

/** One line; fetch hides the reason in its cause. */
export function describeError(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const { cause } = thrown
  return cause instanceof Error && cause.message !== ''
    ? `${thrown.message} (${cause.message})`
    : thrown.message
}
