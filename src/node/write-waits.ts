// What writes of this node wait for: one place for all databases, which the gate and the stop of the node go by.
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { type PassingCause } from '../base/passing-failure.ts'
import { type Service } from '../base/service.ts'
import { untilAborted } from '../base/until-aborted.ts'
import { type Patience } from '../store/patient-store.ts'

/** The waits of one node. */
export interface WriteWaits {
  /** For the databases: they wait from when `service` runs until it is told to stop, and fail before and after. */
  readonly patience: Patience
  readonly service: Service
  /** What any of them waits for now. */
  waitsFor(): PassingCause | undefined
  /** Calls back when one begins to wait. */
  onWaiting(listener: (cause: PassingCause) => void): void
}

/** Nothing waits at first. */
export function createWriteWaits({
  clock,
  log
}: {
  readonly clock: Clock
  readonly log: Log
}): WriteWaits {
  const waiting = new Map<string, PassingCause>()
  const listeners: ((cause: PassingCause) => void)[] = []
  const end = new AbortController()
  let isRunning = false
  return {
    patience: {
      clock,
      log,
      signal: end.signal,
      isPatient: () => isRunning,
      onWaiting(path, cause) {
        if (cause === undefined) {
          waiting.delete(path)
          return
        }
        waiting.set(path, cause)
        for (const listener of listeners) listener(cause)
      }
    },
    service: {
      async run(signal) {
        isRunning = true
        await untilAborted(signal)
        isRunning = false
        end.abort(new Error('the node stops'))
      }
    },
    waitsFor: () => [...waiting.values()][0],
    onWaiting: (listener) => void listeners.push(listener)
  }
}
