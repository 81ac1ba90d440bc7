// What a recovery that takes a while has done so far: on a display where a person looks on, else a line of the log every few seconds.
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { type Service } from '../base/service.ts'
import { type CurrentStage } from '../recovery/actions/progress.ts'

/** Between two lines of the log; a stage that is over sooner has none. */
export const PROGRESS_LINE_MS = 5_000
/** Between two looks for a display, and how long a stage has run before it is shown: following a chain shows nothing. */
export const PROGRESS_LOOK_MS = 500

/** Where a person sees stages as they go on. */
export interface ProgressDisplay {
  /** In place of what was shown before; nothing is shown of none. */
  show(stages: readonly CurrentStage[]): void
}

/** One per node. */
export function createProgressLines({
  clock,
  log,
  stages,
  display
}: {
  readonly clock: Clock
  readonly log: Log
  readonly stages: () => readonly CurrentStage[]
  readonly display: ProgressDisplay | undefined
}): Service {
  const everyMs = display === undefined ? PROGRESS_LINE_MS : PROGRESS_LOOK_MS
  const look = () => {
    const shown = stages().filter(({ elapsedMs }) => elapsedMs >= everyMs)
    if (display !== undefined) display.show(shown)
    else for (const stage of shown) log.info('recovery-progress', describeProgress(stage))
  }
  return {
    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(everyMs, signal).catch(() => undefined) // aborted: it ends
        if (!signal.aborted) look()
      }
      display?.show([])
    }
  }
}

function describeProgress(stage: CurrentStage) {
  const { name, done, expected, bytes, peers, rate, leftMs, share, parts } = stage
  return {
    stage: name,
    done,
    expected,
    percent: share === undefined ? undefined : Math.floor(100 * share),
    perSecond: rate === undefined ? undefined : Math.round(rate),
    leftSeconds: leftMs === undefined ? undefined : Math.round(leftMs / 1_000),
    bytes,
    peers: peers.length,
    ...Object.fromEntries(parts.map((part) => [part.name, part.done]))
  }
}
