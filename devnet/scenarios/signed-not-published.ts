// Killed after the signature and before the publish: only the signed record knows the block.
import { expectSources, type Scenario } from './scenario.ts'

const BLOCKS_BEFORE = 4
const BLOCKS_AFTER = 3

/** The record has the block that nobody else has. */
export const SIGNED_NOT_PUBLISHED: Scenario = {
  name: 'signed-not-published',
  summary: 'killed after block N was signed and before it was published',
  setup: { signedRecord: 'on', quorum: 'auto' },
  async run(actions) {
    await actions.buildUntil(BLOCKS_BEFORE)
    const block = await actions.holdAt('signed')
    await actions.kill('sequencer')
    await actions.start('sequencer')
    await actions.untilBuilding(BLOCKS_AFTER)
    return {
      lost: { ...block, announced: false, recorded: true },
      judge: expectSources(['record'], ['diffs', 'execution'])
    }
  }
}
