// The sequencer's data directory is gone: state and block N come from the backups, and it builds on N.
import { type StageName } from '../../src/recovery/actions/progress.ts'
import { loseData } from './lost-directory.ts'
import { Expectations } from './expectations.ts'
import { type Scenario } from './scenario.ts'

/** Above the number from which on a state is fetched in place of all blocks. */
const OLD_BLOCKS = 160
const BLOCKS_AFTER = 3

/** In the order of a start: the state is there, the chain begins at its block. */
const STAGES: readonly StageName[] = ['fetch-state', 'link-blocks']

/** Killed on the way, after each stage: it goes on from there. Nothing is executed again but what is new. */
export const EMPTY_DATADIR: Scenario = {
  name: 'empty-datadir',
  summary: 'the data directory is lost, and the process killed twice on its way back',
  setup: { signedRecord: 'on', quorum: 'auto', genesisAgeBlocks: OLD_BLOCKS },
  async prepare(actions) {
    await actions.untilCaughtUp()
  },
  async run(actions) {
    const expectations = new Expectations()
    await actions.buildUntil(OLD_BLOCKS + BLOCKS_AFTER)
    const last = await actions.holdAt('published')
    await actions.untilAccepted(last, actions.backups)
    await actions.kill('sequencer')
    await loseData(actions, 'sequencer')
    for (const stage of STAGES) {
      await actions.start('sequencer', { holdAtStage: stage })
      await actions.untilHeldAt(stage)
      await actions.kill('sequencer')
      expectations.expect(true, `killed at ${stage}`)
    }
    await actions.start('sequencer')
    await actions.untilBuilding(BLOCKS_AFTER)
    const executed = actions.recovery().stages.find(({ name }) => name === 'rebuild-state')
    expectations.expect(executed === undefined, 'no block was executed again for its state')
    const [again] = await actions.blocks(last.number, last.number)
    expectations.expect(again?.hash === last.hash, `block ${String(last.number)} is kept`)
    await actions.untilHistory('sequencer')
    return {
      lost: { ...last, announced: true, recorded: true },
      judge: () => expectations.judge()
    }
  }
}
