// Killed with fifty blocks of state in memory only: the head's state is rebuilt from the blocks' diffs, or by executing.
import {
  expectSources,
  type Scenario,
  type ScenarioActions,
  type ScenarioOutcome
} from './scenario.ts'

const LAYERS = 50
const BLOCKS_AFTER = 3

/** Blocks and their diffs are there, the states are not. */
export const LOST_JOURNAL: Scenario = {
  name: 'lost-journal',
  summary: 'killed with fifty layers of state in memory',
  setup: { signedRecord: 'on', quorum: 'auto' },
  run: (actions) => loseLayers(actions, { source: 'diffs', afterKill: async () => undefined })
}

/** The diffs are gone as well. */
export const LOST_DIFFS: Scenario = {
  name: 'lost-diffs',
  summary: 'killed with fifty layers of state in memory, and no state diff left on disk',
  setup: { signedRecord: 'on', quorum: 'auto' },
  run: (actions) =>
    loseLayers(actions, {
      source: 'execution',
      afterKill: () => actions.removeDiffs('sequencer')
    })
}

async function loseLayers(
  actions: ScenarioActions,
  { source, afterKill }: { readonly source: string; readonly afterKill: () => Promise<void> }
): Promise<ScenarioOutcome> {
  await actions.buildUntil(LAYERS)
  const block = await actions.holdAt('head-set')
  await actions.kill('sequencer')
  await afterKill()
  await actions.start('sequencer')
  await actions.untilBuilding(BLOCKS_AFTER)
  const sources = expectSources([source], [])
  return {
    lost: { ...block, announced: true, recorded: true },
    judge(recovery) {
      const judged = sources(recovery)
      const ok = judged.ok && recovery.lostLayers >= LAYERS
      return { ...judged, ok, detail: `${judged.detail}; ${String(recovery.lostLayers)} layers` }
    }
  }
}
