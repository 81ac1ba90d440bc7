// Every scenario of the devnet once, as an operator runs it, and protections taken away that must be missed.
import assert from 'node:assert/strict'
import { MAIN_JOB_SCENARIOS, RECOVERY_SCENARIOS } from '../../devnet/scenarios/scenarios.ts'
import { describeBroken, runScenario } from '../soak/scenario-process.ts'

/** One run starts processes, builds blocks at their pace, and waits out the quiet time. */
const RUN_TIMEOUT_MS = 200_000
/** The others take minutes: `npm run -s soak -- recovery`. */
const QUICK_RECOVERY: readonly string[] = [
  'many-blocks-behind',
  'crash-during-recovery',
  'clock-set'
]
const SEED = 1_000 + Math.floor(Math.random() * 1_000_000)

describe(`a devnet scenario (seed ${String(SEED)})`, function () {
  this.timeout(RUN_TIMEOUT_MS)

  const quick = RECOVERY_SCENARIOS.filter(({ name }) => QUICK_RECOVERY.includes(name))
  for (const { name, summary } of [...MAIN_JOB_SCENARIOS, ...quick]) {
    it(`${name}: ${summary}`, async () => {
      const result = await runScenario(name, { seed: SEED })
      assert.equal(result.exitCode, 0, describeBroken(result))
      assert.equal(result.report?.ok, true)
      assert.deepEqual(
        result.report.checks.filter(({ ok }) => !ok),
        []
      )
    })
  }

  it('is red without recovery: another block N was signed', async () => {
    const result = await runScenario('one-block-behind', { seed: SEED, without: 'recovery' })
    assert.equal(result.exitCode, 1)
    const broken = result.report?.checks.filter(({ ok }) => !ok).map(({ name }) => name) ?? []
    assert.ok(broken.includes('no-equivocation'), describeBroken(result))
    assert.ok(broken.includes('announced-kept'), describeBroken(result))
  })

  it('is red without the record: what only that one knew is lost', async () => {
    const result = await runScenario('signed-not-published', { seed: SEED, without: 'record' })
    assert.equal(result.exitCode, 1)
    const broken = result.report?.checks.filter(({ ok }) => !ok).map(({ name }) => name) ?? []
    assert.ok(broken.includes('no-equivocation'), describeBroken(result))
  })
})
