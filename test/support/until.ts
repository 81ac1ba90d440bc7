// Waiting for something outside the test's hands: a process, a socket, a file.
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Asks `probe` until it answers something other than undefined or false, and returns that. Throws what
 * the probe throws, at once, and an Error that names `what` and the time when `withinMs` have passed.
 */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  { withinMs = 10_000, everyMs = 20 } = {}
): Promise<Exclude<T, undefined | false>> {
  const startMs = performance.now()
  for (;;) {
    const answer = await probe()
    if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>
    if (performance.now() - startMs >= withinMs) {
      throw new Error(`${what}: not within ${withinMs} ms`)
    }
    await delay(everyMs)
  }
}
