// Bars on a terminal for the stages of a recovery, below the lines of the log.
import cliProgress, { type MultiBar, type Options, type Params } from 'cli-progress'
import { type ProgressDisplay } from '../report/progress-lines.ts'
import { type CurrentStage } from '../recovery/actions/progress.ts'

/** Bars, and a way to have them out of the way of a line. */
export interface ProgressBars extends ProgressDisplay {
  /** Erases the bars; the next look draws them again. */
  clear(): void
}

/** One bar. */
interface Bar {
  readonly name: string
  readonly done: number
  /** Undefined: a count without a bar. */
  readonly expected: number | undefined
  readonly rate: number | undefined
  readonly peersCount: number
}

/** Columns of names and of bars. */
const NAME_WIDTH = 13
const BAR_WIDTH = 30

/** On a stream that says `isTTY`; another one shows nothing. The library takes no signals and hides no cursor. */
export function createProgressBars(
  stream: NodeJS.WritableStream & { readonly isTTY: boolean }
): ProgressBars {
  let shown: MultiBar | undefined
  const clear = () => {
    shown?.stop()
    shown = undefined
  }
  return {
    clear,
    show(stages) {
      clear()
      const bars = stages.flatMap(toBars)
      if (bars.length === 0 || !stream.isTTY) return
      shown = new cliProgress.MultiBar({
        stream,
        format: formatBar,
        barsize: BAR_WIDTH,
        barCompleteString: '='.repeat(BAR_WIDTH),
        barIncompleteString: '-'.repeat(BAR_WIDTH),
        clearOnComplete: true,
        gracefulExit: false,
        hideCursor: false,
        emptyOnZero: true
      })
      for (const bar of bars) shown.create(bar.expected ?? 0, bar.done, bar)
      shown.update()
    }
  }
}

/** A bar for each kind of what comes, or one for the stage. */
function toBars({ name, done, expected, rate, peers, parts }: CurrentStage): readonly Bar[] {
  const peersCount = peers.length
  if (parts.length === 0) return [{ name, done, expected, rate, peersCount }]
  // All kinds come at once, so each has its part of the rate.
  return parts.map((part) => ({
    ...part,
    rate: rate === undefined || done === 0 ? undefined : (rate * part.done) / done,
    peersCount
  }))
}

function formatBar(options: Options, { progress }: Params, bar: Bar): string {
  const { name, done, expected, rate, peersCount } = bar
  const isKnown = expected !== undefined && expected > 0
  const facts = [
    `${String(done)}${isKnown ? ` of ${String(expected)}` : ''}`,
    ...(rate === undefined ? [] : [`${String(Math.round(rate))}/s`]),
    `${String(peersCount)} ${peersCount === 1 ? 'peer' : 'peers'}`
  ].join(', ')
  const percent = isKnown ? `${String(Math.floor(100 * progress)).padStart(3)} %` : '     '
  const drawn = isKnown ? cliProgress.Format.BarFormat(progress, options) : ' '.repeat(BAR_WIDTH)
  return `${name.padEnd(NAME_WIDTH)} ${drawn} ${percent}  ${facts}`
}
