// A backup hides the blocks that it holds: the others show them, and a refusal to answer counts for nothing.
import { Expectations } from './expectations.ts'
import { keepCopy } from './kept-copy.ts'
import { type Scenario } from './scenario.ts'

const BLOCKS_BEFORE = 4
const BLOCKS_BEHIND = 4
const BLOCKS_AFTER = 3
/** Longer than the quiet time: a gate that takes a refusal for an answer would have opened. */
const SHUT_MS = 8_000

/** A liar can hide a block; it takes all holders to lose one. */
export const LYING_BACKUP: Scenario = {
  name: 'lying-backup',
  summary: 'one backup says that it holds nothing more, then that it cannot say, although it does',
  setup: { signedRecord: 'on', quorum: 'auto' },
  backupsMin: 2,
  async run(actions) {
    const [liar = '', ...honest] = actions.backups
    const expectations = new Expectations()
    const loseBlocks = async (label: string) => {
      const number = await keepCopy(actions, label)
      await actions.buildUntil(number + BLOCKS_BEHIND)
      const block = await actions.holdAt('published')
      await actions.untilAccepted(block, [liar, ...honest])
      await actions.kill('sequencer')
      await actions.restoreData('sequencer', label)
      await actions.loseRecord()
      await actions.kill(liar)
      return block
    }
    await actions.buildUntil(BLOCKS_BEFORE)
    const first = await loseBlocks('first')
    await actions.start(liar, { hides: 'says-same' })
    await actions.start('sequencer')
    await actions.untilBuilding(BLOCKS_AFTER)
    const { sources } = actions.recovery()
    expectations.expect(
      sources.includes('peers'),
      `hidden by ${liar}: sources ${JSON.stringify(sources)}`
    )
    await actions.kill(liar)
    await actions.start(liar)

    const second = await loseBlocks('second')
    await actions.start(liar, { hides: 'says-unavailable' })
    await actions.start('sequencer')
    await actions.untilShutMissing([liar])
    await actions.staysShut(SHUT_MS)
    expectations.expect(true, `shut while ${liar} cannot say`)
    await actions.kill(liar)
    await actions.start(liar)
    await actions.untilBuilding(BLOCKS_AFTER)
    const [again] = await actions.blocks(first.number, first.number)
    expectations.expect(again?.hash === first.hash, `block ${String(first.number)} was kept`)
    const blamed = await actions.blamed()
    expectations.expect(blamed.length === 0, `blamed: ${blamed.join(', ') || 'nobody'}`)
    return {
      lost: { ...second, announced: true, recorded: false },
      judge: () => expectations.judge()
    }
  }
}
