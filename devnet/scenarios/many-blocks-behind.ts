// A data directory put back by twenty blocks and a lost record: the backups bring them all.
import { Expectations } from './expectations.ts'
import { keepCopy } from './kept-copy.ts'
import { type Scenario } from './scenario.ts'

const BLOCKS_BEFORE = 4
const BLOCKS_BEHIND = 20
const BLOCKS_AFTER = 3

/** The target is shown, what lies between is fetched. */
export const MANY_BLOCKS_BEHIND: Scenario = {
  name: 'many-blocks-behind',
  summary: 'the data directory is put back twenty blocks, the signed record is lost',
  setup: { signedRecord: 'on', quorum: 'auto' },
  async run(actions) {
    await actions.buildUntil(BLOCKS_BEFORE)
    const saved = await keepCopy(actions, 'old')
    await actions.buildUntil(saved + BLOCKS_BEHIND - 1)
    const block = await actions.holdAt('published')
    await actions.untilAccepted(block, actions.backups)
    await actions.kill('sequencer')
    await actions.restoreData('sequencer', 'old')
    await actions.loseRecord()
    await actions.start('sequencer')
    await actions.untilBuilding(BLOCKS_AFTER)
    const { sources, firstBlock, lastBlock } = actions.recovery()
    const expectations = new Expectations()
    expectations.expect(sources.includes('peers'), `sources ${JSON.stringify(sources)}`)
    expectations.expect(
      firstBlock === saved + 1 && lastBlock === block.number,
      `blocks ${String(firstBlock)} to ${String(lastBlock)} were fetched, of ${String(saved + 1)} to ${String(block.number)}`
    )
    return {
      lost: { ...block, announced: true, recorded: false },
      judge: () => expectations.judge()
    }
  }
}
