// Every scenario of the devnet once, as an operator runs it, and protections taken away that must be missed.
import assert from 'node:assert/strict'
import { MAIN_JOB_SCENARIOS, RECOVERY_SCENARIOS } from '../../devnet/scenarios/scenarios.ts'
import { describeBroken, runScenario, type ScenarioRunResult } from '../soak/scenario-process.ts'

/** One run starts processes, builds blocks at their pace, and waits out the quiet time. */
const RUN_TIMEOUT_MS = 400_000
/** The others take minutes: `npm run -s soak -- recovery`. */
const QUICK_RECOVERY: readonly string[] = [
  'many-blocks-behind',
  'crash-during-recovery',
  'clock-set',
  'corrupt-node'
]
/** Half the devnet's own, which the test of the package runs at: no scenario is about the length of a slot. */
const BLOCK_TIME_MS = 500
const SEED = 1_000 + Math.floor(Math.random() * 1_000_000)

/** A cluster mostly waits; so many share a machine with two cores and still keep their slots. */
const SIDE_BY_SIDE = 2

type RunOptions = Parameters<typeof runScenario>[1]

describe(`a devnet scenario (seed ${String(SEED)})`, function () {
  this.timeout(RUN_TIMEOUT_MS)
  const runs: (() => Promise<ScenarioRunResult>)[] = []

  /** Its cluster starts with the test, or while one of the few before it runs. */
  function itRuns(
    title: string,
    name: string,
    options: Omit<RunOptions, 'seed' | 'blockTimeMs'>,
    check: (result: ScenarioRunResult) => void
  ): void {
    let running: Promise<ScenarioRunResult> | undefined
    const place = runs.length
    runs.push(() => {
      running ??= runScenario(name, { ...options, seed: SEED, blockTimeMs: BLOCK_TIME_MS })
      running.catch(() => undefined) // the test of this run says it
      return running
    })
    it(title, async () => {
      const [own] = runs.slice(place, place + SIDE_BY_SIDE).map((start) => start())
      check(await own!)
    })
  }

  const quick = RECOVERY_SCENARIOS.filter(({ name }) => QUICK_RECOVERY.includes(name))
  for (const { name, summary } of [...MAIN_JOB_SCENARIOS, ...quick]) {
    itRuns(`${name}: ${summary}`, name, {}, (result) => {
      assert.equal(result.exitCode, 0, describeBroken(result))
      assert.equal(result.report?.ok, true)
      assert.deepEqual(brokenChecks(result), [])
    })
  }

  itRuns(
    'is red without recovery: another block N was signed',
    'one-block-behind',
    { without: 'recovery' },
    (result) => {
      assert.equal(result.exitCode, 1)
      const broken = brokenChecks(result)
      assert.ok(broken.includes('no-equivocation'), describeBroken(result))
      assert.ok(broken.includes('announced-kept'), describeBroken(result))
    }
  )

  itRuns(
    'is red without the record: what only that one knew is lost',
    'signed-not-published',
    { without: 'record' },
    (result) => {
      assert.equal(result.exitCode, 1)
      assert.ok(brokenChecks(result).includes('no-equivocation'), describeBroken(result))
    }
  )
})

function brokenChecks({ report }: ScenarioRunResult): readonly string[] {
  return report?.checks.filter(({ ok }) => !ok).map(({ name }) => name) ?? []
}
