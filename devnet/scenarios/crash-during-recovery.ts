// Killed again and again while it recovers, once at the end of each stage: it ends in the same chain.
import { type StageName } from '../../src/recovery/actions/progress.ts'
import { Expectations } from './expectations.ts'
import { type Scenario } from './scenario.ts'

const BLOCKS_BEFORE = 4
const BLOCKS_AFTER = 3

/** Stages of a start without a record, whose last block the backups have. */
const STAGES_BY_PEERS: readonly StageName[] = [
  'rebuild-state',
  'ask-backups',
  'fetch-blocks',
  'apply-blocks',
  'quiet-round'
]
/** Stages of a start whose record alone has the last block; taking it up links and applies it. */
const STAGES_BY_RECORD: readonly StageName[] = ['take-record', 'fetch-blocks', 'apply-blocks']

/** Invariant 5: a crash at any step of recovery ends in the same chain. */
export const CRASH_DURING_RECOVERY: Scenario = {
  name: 'crash-during-recovery',
  summary: 'killed at each stage of its recovery in turn',
  setup: { signedRecord: 'on', quorum: 'auto' },
  async run(actions) {
    const expectations = new Expectations()
    const crashAt = async (stage: StageName) => {
      await actions.start('sequencer', { holdAtStage: stage })
      await actions.untilHeldAt(stage)
      await actions.kill('sequencer')
      expectations.expect(true, `killed at ${stage}`)
    }
    await actions.buildUntil(BLOCKS_BEFORE)
    const published = await actions.holdAt('published')
    await actions.untilAccepted(published, actions.backups)
    await actions.kill('sequencer')
    await actions.loseRecord()
    for (const stage of STAGES_BY_PEERS) await crashAt(stage)
    await actions.start('sequencer')
    await actions.untilBuilding(BLOCKS_AFTER)

    const signed = await actions.holdAt('signed')
    await actions.kill('sequencer')
    for (const stage of STAGES_BY_RECORD) await crashAt(stage)
    await actions.start('sequencer')
    await actions.untilBuilding(BLOCKS_AFTER)
    const [first] = await actions.blocks(published.number, published.number)
    expectations.expect(
      first?.hash === published.hash,
      `block ${String(published.number)} is ${first?.hash ?? 'gone'}`
    )
    return {
      lost: { ...signed, announced: false, recorded: true },
      judge: () => expectations.judge()
    }
  }
}
