// Block N was published and reached nobody, the observer included: a new N equivocates with nothing.
import { expectSources, type Scenario } from './scenario.ts'

const BLOCKS_BEFORE = 4
const BLOCKS_AFTER = 3

/** Nobody has the block: the gate opens after a quiet round. */
export const PUBLISHED_TO_NONE: Scenario = {
  name: 'published-to-none',
  summary: 'block N was published and reached nobody',
  setup: { signedRecord: 'off', quorum: 'all' },
  async run(actions) {
    await actions.buildUntil(BLOCKS_BEFORE)
    await actions.silenceObserver()
    for (const backup of actions.backups) await actions.kill(backup)
    const block = await actions.holdAt('published')
    await actions.kill('sequencer')
    for (const backup of actions.backups) await actions.start(backup)
    await actions.listenAgain()
    await actions.start('sequencer')
    await actions.untilBuilding(BLOCKS_AFTER)
    return {
      lost: { ...block, announced: false, recorded: false },
      judge: expectSources([], ['diffs', 'execution'])
    }
  }
}
