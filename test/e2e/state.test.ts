// A few kills of the state soak: processes, LevelDB, SIGKILL while state is flushed and the journal written.
import assert from 'node:assert/strict'
import { killStates } from '../soak/state-kills.ts'
import { createJobSlots } from '../support/job-slots.ts'

const KILLS = 5
/** Ends what hangs: alone it takes two minutes, and longer beside other clusters. */
const RUN_TIMEOUT_MS = 600_000
const SEED = 1_000 + Math.floor(Math.random() * 1_000_000)

describe(`backups that are killed while they keep their state (seed ${String(SEED)})`, function () {
  this.timeout(RUN_TIMEOUT_MS)

  it('come back at the head and root of the node that never died, with sound databases', async () => {
    const criteria = await killStates({ kills: KILLS, seed: SEED, slots: createJobSlots(1) })
    assert.ok(criteria.length > 0)
    assert.deepEqual(
      criteria.filter(({ ok }) => !ok),
      []
    )
  })
})
