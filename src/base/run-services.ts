// Runs services until they are told to stop or one of them fails, and stops them group by group.
import { setMaxListeners } from 'node:events'
import { type Service } from './service.ts'
import { untilAborted } from './until-aborted.ts'

/**
 * Settles when all have ended. The groups are stopped in their order, each after the one before has
 * ended. Rejects with the first failure, or with the reason of `exit` when that aborts.
 */
export async function runServices(
  groups: readonly (readonly Service[])[],
  signal: AbortSignal,
  exit: AbortSignal
): Promise<void> {
  const failures: unknown[] = []
  const failed = new AbortController()
  const running = groups.map((services) => {
    const stop = new AbortController()
    setMaxListeners(0, stop.signal) // one for each request under way; peers, and what is asked of them, are bounded
    const ended = services.map((service) =>
      service.run(stop.signal).catch((thrown: unknown) => {
        if (stop.signal.aborted) return
        failures.push(thrown)
        failed.abort()
      })
    )
    return { stop, ended: Promise.all(ended) }
  })
  await untilAborted(AbortSignal.any([signal, exit, failed.signal]))
  for (const { stop, ended } of running) {
    stop.abort(new Error('the node stops'))
    await ended
  }
  if (exit.aborted) throw exit.reason
  if (failures.length > 0) throw failures[0]
}
