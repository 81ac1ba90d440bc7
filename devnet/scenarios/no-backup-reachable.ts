// The sequencer comes back while every backup is down: it must stay shut, say who is missing, and wait.
import { expectSources, type Scenario } from './scenario.ts'

const BLOCKS_BEFORE = 4
const BLOCKS_AFTER = 3
/** Longer than the quiet time, so that a gate which does not need the quorum would have opened. */
const SHUT_MS = 8_000

/** The quorum is not there. */
export const NO_BACKUP_REACHABLE: Scenario = {
  name: 'no-backup-reachable',
  summary: 'no backup answers, then one, then all',
  setup: { signedRecord: 'off', quorum: 'auto' },
  backupsMin: 2,
  async run(actions) {
    await actions.buildUntil(BLOCKS_BEFORE)
    const block = await actions.holdAt('published')
    await actions.untilAccepted(block, actions.backups)
    await actions.kill('sequencer')
    for (const backup of actions.backups) await actions.kill(backup)
    await actions.start('sequencer')
    await actions.untilShutMissing(actions.backups)
    await actions.staysShut(SHUT_MS)
    const [first = '', ...others] = actions.backups
    await actions.start(first)
    await actions.untilShutMissing(others)
    for (const backup of others) await actions.start(backup)
    await actions.untilBuilding(BLOCKS_AFTER)
    return {
      lost: { ...block, announced: true, recorded: false },
      judge: expectSources(['peers'], ['diffs', 'execution'])
    }
  }
}
