// Block N reached one backup of three; the others were down and come back before the sequencer does.
import { expectSources, type Scenario } from './scenario.ts'

const BLOCKS_BEFORE = 4
const BLOCKS_AFTER = 3

/** One backup has the block that the sequencer lost. */
export const PUBLISHED_TO_ONE: Scenario = {
  name: 'published-to-one',
  summary: 'block N reached one backup only',
  setup: { signedRecord: 'off', quorum: 'auto' },
  async run(actions) {
    await actions.buildUntil(BLOCKS_BEFORE)
    const [holder = '', ...others] = actions.backups
    await actions.silenceObserver()
    for (const backup of others) await actions.kill(backup)
    const block = await actions.holdAt('published')
    await actions.untilAccepted(block, [holder])
    await actions.kill('sequencer')
    for (const backup of others) await actions.start(backup)
    await actions.listenAgain()
    await actions.start('sequencer')
    await actions.untilBuilding(BLOCKS_AFTER)
    return {
      lost: { ...block, announced: true, recorded: false },
      judge: expectSources(['peers'], ['diffs', 'execution'])
    }
  }
}
