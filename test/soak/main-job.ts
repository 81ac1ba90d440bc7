// The main job, many times over: every scenario, every protection taken away, two minutes of load.
import { type CheckName } from '../../devnet/cluster/report.ts'
import { type Without } from '../../devnet/cluster/messages.ts'
import { MAIN_JOB_SCENARIOS } from '../../devnet/scenarios/scenarios.ts'
import { measureCadence } from './cadence.ts'
import { type Criterion, say } from './criterion.ts'
import { repeatScenario } from './repeat-scenario.ts'
import { describeBroken, runScenario } from './scenario-process.ts'
import { type SoakPart } from './soak-part.ts'

/** A protection, a scenario in which it matters, and checks that must turn red without it. */
interface RedRun {
  readonly without: Without
  readonly scenario: string
  readonly red: readonly CheckName[]
}

const RED_RUNS: readonly RedRun[] = [
  { without: 'recovery', scenario: 'one-block-behind', red: ['no-equivocation', 'announced-kept'] },
  { without: 'record', scenario: 'signed-not-published', red: ['no-equivocation', 'built-on-n'] },
  {
    without: 'quorum',
    scenario: 'no-backup-reachable',
    red: ['no-equivocation', 'announced-kept']
  },
  { without: 'gate', scenario: 'one-block-behind', red: ['no-equivocation', 'gate'] }
]

const CADENCE = { slots: 120, blockTimeMs: 1_000, transfersPerSlot: 25 }

/** Every scenario, what must be red, and what must be in time. */
export const MAIN_JOB_PARTS: readonly SoakPart[] = [
  ...MAIN_JOB_SCENARIOS.map(({ name }) => repeatScenario(name)),
  ...RED_RUNS.map((redRun): SoakPart => ({
    name: `without-${redRun.without}`,
    run: async ({ seed, slots }) => [await slots(() => runRed(redRun, seed))]
  })),
  { name: 'cadence', isAlone: true, run: ({ seed }) => measureCadence({ ...CADENCE, seed }) }
]

async function runRed({ without, scenario, red }: RedRun, seed: number): Promise<Criterion> {
  const result = await runScenario(scenario, { seed, without })
  const broken = result.report?.checks.filter(({ ok }) => !ok) ?? []
  say(`${scenario} without ${without}: ${describeBroken(result)}`)
  const names = broken.map(({ name }) => name)
  const namesInvariant = broken.some(({ detail }) => /invariant \d broke/.test(detail))
  return {
    criterion: `red without ${without} in ${scenario}`,
    ok: result.exitCode === 1 && namesInvariant && red.every((name) => names.includes(name)),
    value: broken.map(({ name, detail }) => `${name}: ${detail}`),
    limit: red
  }
}
