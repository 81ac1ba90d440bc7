// Every scenario of the devnet once, as an operator runs it, and protections taken away that must be missed.
import assert from 'node:assert/strict'
import { SCENARIOS } from '../../devnet/scenarios/scenarios.ts'
import { skipTest } from '../support/skip.ts'
import { describeBroken, runScenario } from '../soak/scenario-process.ts'

/** One run starts processes, builds blocks at their pace, and waits out the quiet time. */
const RUN_TIMEOUT_MS = 200_000
/** Its backup is the only one up, and now and then block N does not reach it though the connection stands. */
const UNSTEADY = 'published-to-one'
const SEED = 1_000 + Math.floor(Math.random() * 1_000_000)

describe(`a devnet scenario (seed ${String(SEED)})`, function () {
  this.timeout(RUN_TIMEOUT_MS)

  for (const { name, summary } of SCENARIOS) {
    it(`${name}: ${summary}`, async function () {
      if (name === UNSTEADY) {
        skipTest(
          this,
          'about one run in ten loses the one gossip message it needs; the soak runs it'
        )
      }
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
