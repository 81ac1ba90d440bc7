// The main job: killed after the publish of N reached every backup, before it is persisted; no record.
import { expectSources, type Scenario } from './scenario.ts'

/** Blocks before the crash: enough for transfers to flow and state layers to be lost. */
const BLOCKS_BEFORE = 4
const BLOCKS_AFTER = 3

/** The backups have the block that the sequencer lost. */
export const ONE_BLOCK_BEHIND: Scenario = {
  name: 'one-block-behind',
  summary: 'killed after block N reached every backup and before it was persisted',
  setup: { signedRecord: 'off', quorum: 'auto' },
  async run(actions) {
    await actions.buildUntil(BLOCKS_BEFORE)
    const block = await actions.holdAt('published')
    await actions.untilAccepted(block, actions.backups)
    await actions.kill('sequencer')
    await actions.start('sequencer')
    await actions.untilBuilding(BLOCKS_AFTER)
    return {
      lost: { ...block, announced: true, recorded: false },
      judge: expectSources(['peers'], ['diffs', 'execution'])
    }
  }
}
