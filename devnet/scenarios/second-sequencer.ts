// The same key on a copy of the data directory elsewhere: shut while the first one builds, then beside it, unseen.
import { SECOND } from '../cluster-layout.ts'
import { Expectations } from './expectations.ts'
import { keepCopy } from './kept-copy.ts'
import { type Scenario } from './scenario.ts'

const BLOCKS_BEFORE = 4
const BLOCKS_AFTER = 3
const SECOND_BLOCKS = 3
/** Longer than the quiet time: a gate that the other one's end unlatches would have opened. */
const SHUT_MS = 8_000

/** Invariant 3: a block that we did not sign latches the gate. Row 1: then an operator chooses, by name. */
export const SECOND_SEQUENCER: Scenario = {
  name: 'second-sequencer',
  summary: 'the same key is started on a copy elsewhere, and builds while the first one is cut off',
  setup: { signedRecord: 'on', quorum: 'auto', hasSecond: true },
  async run(actions) {
    const expectations = new Expectations()
    await actions.buildUntil(BLOCKS_BEFORE)
    await keepCopy(actions, 'copy')
    await actions.untilBuilding(1)
    await actions.restoreData(SECOND, 'copy', 'sequencer')
    await actions.start(SECOND)
    await actions.untilShutBecause(SECOND, 'another-sequencer')
    expectations.expect(true, 'the second one stays shut while the first one builds')

    await actions.cutOff('sequencer')
    await actions.untilSecondSigned(SECOND_BLOCKS)
    await actions.connect('sequencer')
    await actions.untilShutBecause('sequencer', 'foreign-block')
    await actions.stop(SECOND)
    await actions.staysShut(SHUT_MS)
    const { foreign = 'nothing' } = await actions.untilShutBecause('sequencer', 'foreign-block')
    expectations.expect(
      foreign === 'another sequencer uses this key',
      `the first one shuts, stays shut, and says "${foreign}"`
    )

    const { ours, other } = await actions.conflict()
    const { number } = await actions.head('sequencer')
    const blocks = await actions.blocks(1, number)
    await actions.stop('sequencer')
    const { keptUpTo, setAsideCount } = await actions.chooseBranch(other, ours)
    const setAside = blocks.slice(keptUpTo).map(({ hash }) => hash)
    expectations.expect(
      setAside.includes(ours) && setAside.length === setAsideCount,
      `${String(setAsideCount)} blocks above ${String(keptUpTo)} were given up`
    )
    await actions.start('sequencer')
    await actions.untilBuilding(BLOCKS_AFTER)
    return { lost: undefined, setAside, judge: () => expectations.judge() }
  }
}
