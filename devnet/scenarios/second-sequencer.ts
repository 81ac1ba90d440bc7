// The same key on a copy of the data directory elsewhere: shut while the first one builds, then on top of it, then beside it.
import { SECOND } from '../cluster/cluster-layout.ts'
import { Expectations } from './expectations.ts'
import { keepCopy } from './kept-copy.ts'
import { type Scenario, type ScenarioActions } from './scenario.ts'

const BLOCKS_BEFORE = 4
const BLOCKS_AFTER = 3
const SECOND_BLOCKS = 3
/** Longer than the quiet time: a gate that the other one's end unlatches would have opened. */
const SHUT_MS = 8_000

/**
 * Invariant 3: a block that we did not sign latches the gate, and only an operator lifts that, by the hash of the head.
 * Where both signed, an operator chooses, by name.
 */
export const SECOND_SEQUENCER: Scenario = {
  name: 'second-sequencer',
  summary:
    'the same key is started on a copy elsewhere, and builds while the first one hangs, or is cut off',
  setup: { signedRecord: 'on', quorum: 'auto', hasSecond: true },
  async run(actions) {
    const expectations = new Expectations()
    await actions.buildUntil(BLOCKS_BEFORE)
    await keepCopy(actions, 'copy')
    await actions.untilBuilding(1)
    await actions.restoreData(SECOND, 'copy', 'sequencer')
    await startBeside(actions, expectations)
    await latchAndStart(actions, expectations)
    await startBeside(actions, expectations)
    const setAside = await forkAndChoose(actions, expectations)
    await actions.untilBuilding(BLOCKS_AFTER)
    return { lost: undefined, setAside, judge: () => expectations.judge() }
  }
}

async function startBeside(actions: ScenarioActions, expectations: Expectations): Promise<void> {
  await actions.start(SECOND)
  await actions.untilShutBecause(SECOND, 'another-sequencer')
  expectations.expect(true, 'the second one stays shut while the first one builds')
}

/** The first one hangs with an open gate, and the other builds on its head: one chain, and a latch. */
async function latchAndStart(actions: ScenarioActions, expectations: Expectations): Promise<void> {
  const last = await actions.holdAt('head-set')
  await actions.untilSecondSigned(SECOND_BLOCKS)
  await actions.untilShutBecause('sequencer', 'foreign-block')
  await actions.stop(SECOND)
  await actions.letGo()
  await expectLatch(actions, expectations)

  const head = await actions.head('sequencer')
  expectations.expect(
    head.number >= last.number + SECOND_BLOCKS,
    `took block ${String(head.number)} of the other one above its own ${String(last.number)}`
  )
  const refusal = await actions.startSequencing(last.hash)
  expectations.expect(
    refusal === `block hash does not match: head ${head.hash}, received ${last.hash}`,
    `to start on another block than the head is refused: "${refusal ?? 'no refusal'}"`
  )
  await expectLatch(actions, expectations)
  const accepted = await actions.startSequencing(head.hash)
  expectations.expect(accepted === undefined, `to start on the head is ${accepted ?? 'accepted'}`)
  await actions.untilBuilding(BLOCKS_AFTER)
  const [child] = await actions.blocks(head.number + 1, head.number + 1)
  expectations.expect(child?.parentHash === head.hash, 'the chain goes on from there')
}

/** Both build, unseen by each other. Resolves with what the operator gave up. */
async function forkAndChoose(actions: ScenarioActions, expectations: Expectations) {
  await actions.cutOff('sequencer')
  await actions.untilSecondSigned(SECOND_BLOCKS)
  await actions.connect('sequencer')
  await actions.untilShutBecause('sequencer', 'foreign-block')
  await actions.stop(SECOND)
  await expectLatch(actions, expectations)

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
  return setAside
}

/** The other one is gone, and the gate stays shut all the same. */
async function expectLatch(actions: ScenarioActions, expectations: Expectations): Promise<void> {
  await actions.staysShut(SHUT_MS)
  const { foreign = 'nothing' } = await actions.untilShutBecause('sequencer', 'foreign-block')
  expectations.expect(
    foreign === 'another sequencer uses this key',
    `the first one shuts, stays shut, and says "${foreign}"`
  )
}
