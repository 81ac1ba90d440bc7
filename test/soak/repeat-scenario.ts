// One scenario many times over, each run with a seed of its own.
import { say } from './criterion.ts'
import { describeDistribution } from './distribution.ts'
import { describeBroken, runScenario, type ScenarioRunResult } from './scenario-process.ts'
import { type SoakPart } from './soak-part.ts'

/** Met when each run ended with every check held. */
export function repeatScenario(scenario: string): SoakPart {
  return {
    name: scenario,
    async run({ times, seed, blockTimeMs, slots }) {
      const results = await Promise.all(
        Array.from({ length: times }, (_, index) =>
          slots(async () => {
            const result = await runScenario(scenario, { seed: seed + index, blockTimeMs })
            const place = `${String(index + 1)}/${String(times)}, seed ${String(seed + index)}`
            say(`${scenario} ${place}, ${toSeconds(result)} s: ${describeOutcome(result)}`)
            return result
          })
        )
      )
      const failures = results.filter((result) => !isGood(result)).map(describeOutcome)
      const good = results.filter(isGood)
      return [
        {
          criterion: `scenario ${scenario}`,
          ok: failures.length === 0,
          value: {
            good: good.length,
            failures,
            seen: good.at(-1)?.report?.checks.map(({ name, detail }) => `${name}: ${detail}`),
            elapsedMs: describeDistribution(results.map(({ elapsedMs }) => elapsedMs))
          },
          limit: times
        }
      ]
    }
  }
}

function isGood({ exitCode, report }: ScenarioRunResult): boolean {
  return exitCode === 0 && report?.ok === true
}

function describeOutcome(result: ScenarioRunResult): string {
  return isGood(result) ? 'good' : describeBroken(result)
}

function toSeconds({ elapsedMs }: ScenarioRunResult): string {
  return (elapsedMs / 1_000).toFixed(0)
}
