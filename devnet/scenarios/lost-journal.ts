// Killed with fifty blocks of state in memory only: the newest state is rebuilt by executing again.
import { expectSources, type Scenario } from './scenario.ts'

const LAYERS = 50
const BLOCKS_AFTER = 3

/** Rows 9 and 10: blocks are there, their states are not. */
export const LOST_JOURNAL: Scenario = {
  name: 'lost-journal',
  summary: 'killed with fifty layers of state in memory',
  setup: { signedRecord: 'on', quorum: 'auto' },
  async run(actions) {
    await actions.buildUntil(LAYERS)
    const block = await actions.holdAt('head-set')
    await actions.kill('sequencer')
    await actions.start('sequencer')
    await actions.untilBuilding(BLOCKS_AFTER)
    const sources = expectSources([], ['diffs', 'execution'])
    return {
      lost: { ...block, announced: true, recorded: true },
      judge(recovery) {
        const judged = sources(recovery)
        const ok = judged.ok && recovery.lostLayers >= LAYERS
        return { ...judged, ok, detail: `${judged.detail}; ${String(recovery.lostLayers)} layers` }
      }
    }
  }
}
