// Waiting for an abort signal, and for work that the signal may cut short.

/** Resolves when the signal aborts, at once when it has. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** What the work comes to; rejects with the reason when the signal aborts before, and leaves the work to itself. */
export async function orAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted()
  const settled = new AbortController()
  const aborted = new Promise<never>((_, reject) => {
    const end = () => {
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', end, { signal: settled.signal })
  })
  try {
    return await Promise.race([aborted, work])
  } finally {
    settled.abort()
  }
}
