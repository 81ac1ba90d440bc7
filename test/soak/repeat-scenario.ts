// One scenario many times over, each run with a seed of its own.
import { type Criterion, say } from './criterion.ts'
import { describeBroken, runScenario } from './scenario-process.ts'

/** Options of a soak that repeats scenarios. */
export interface RepeatOptions {
  /** Runs of each scenario. */
  readonly times: number
  /** The first seed; each run takes the next. */
  readonly seed: number
}

/** Met when each run ended with every check held. */
export async function repeatScenario(
  name: string,
  { times, seed }: RepeatOptions
): Promise<Criterion> {
  const failures: string[] = []
  for (let index = 0; index < times; index++) {
    const result = await runScenario(name, { seed: seed + index })
    const isGood = result.exitCode === 0 && result.report?.ok === true
    const outcome = isGood ? 'good' : describeBroken(result)
    say(`${name} ${String(index + 1)}/${String(times)}, seed ${String(seed + index)}: ${outcome}`)
    if (!isGood) failures.push(outcome)
  }
  return {
    criterion: `scenario ${name}`,
    ok: failures.length === 0,
    value: { good: times - failures.length, failures },
    limit: times
  }
}
