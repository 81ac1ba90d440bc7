// The data directory is a copy of 1,000, 10, 1 blocks ago and the record is gone: the announced chain goes on.
import { type BlockFacts } from '../cluster/messages.ts'
import { Expectations } from './expectations.ts'
import { keepCopy } from './kept-copy.ts'
import { type Scenario, type ScenarioActions } from './scenario.ts'

const FAR_BLOCKS = 1_000
const NEAR_BLOCKS: readonly number[] = [10, 1]
const BLOCKS_AFTER = 3
/** Longer than the quiet time: a gate that takes silence for agreement would have opened. */
const SHUT_MS = 8_000

/** A stale copy cannot tell that it is stale: all backups are asked. */
export const STALE_DATADIR: Scenario = {
  name: 'stale-datadir',
  summary: 'the data directory is a copy of 1,000, of 10, of 1 block ago, the record is gone',
  setup: { signedRecord: 'on', quorum: 'auto', genesisAgeBlocks: FAR_BLOCKS },
  backupsMin: 2,
  async prepare(actions) {
    await keepCopy(actions, copyName(FAR_BLOCKS))
    await actions.untilCaughtUp()
  },
  async run(actions) {
    const [missing = '', ...others] = actions.backups
    const expectations = new Expectations()
    await actions.buildUntil(FAR_BLOCKS + 1)
    const far = await crashWithCopy(actions, FAR_BLOCKS)
    await actions.kill(missing)
    await actions.start('sequencer')
    const { override = 'nothing' } = await actions.untilShutMissing([missing])
    expectations.expect(
      override.includes('--start-without-backups'),
      `shut without ${missing}, overridden by "${override}"`
    )
    await actions.staysShut(SHUT_MS)
    await actions.start(missing)
    await expectFetched(actions, { expectations, blocksCount: FAR_BLOCKS, tip: far })

    let last = far
    for (const blocksCount of NEAR_BLOCKS) {
      // A block that fills a slot missed long ago is not gossiped: no backup would have it.
      await actions.untilCaughtUp()
      const saved = await keepCopy(actions, copyName(blocksCount))
      if (blocksCount > 1) await actions.buildUntil(saved + blocksCount - 1)
      last = await crashWithCopy(actions, blocksCount)
      await actions.start('sequencer')
      await expectFetched(actions, { expectations, blocksCount, tip: last })
    }
    expectations.expect(others.length > 0, `${String(others.length)} backups always answered`)
    return {
      lost: { ...last, announced: true, recorded: false },
      judge: () => expectations.judge()
    }
  }
}

/** Kills the sequencer at a block that all backups have, and leaves it with the copy and no record. */
async function crashWithCopy(actions: ScenarioActions, blocksCount: number): Promise<BlockFacts> {
  // A tip came by gossip, maybe; what lies below, filled long after its slot, comes by range, in its time.
  const { number } = await actions.head('sequencer')
  for (const backup of actions.backups) await actions.untilHead(backup, number)
  const block = await actions.holdAt('published')
  await actions.untilAccepted(block, actions.backups)
  await actions.kill('sequencer')
  await actions.restoreData('sequencer', copyName(blocksCount))
  await actions.loseRecord()
  return block
}

async function expectFetched(
  actions: ScenarioActions,
  {
    expectations,
    blocksCount,
    tip
  }: {
    readonly expectations: Expectations
    readonly blocksCount: number
    readonly tip: BlockFacts
  }
): Promise<void> {
  await actions.untilBuilding(BLOCKS_AFTER)
  const { sources, firstBlock, lastBlock } = actions.recovery()
  const [again] = await actions.blocks(tip.number, tip.number)
  expectations.expect(
    sources.includes('peers') &&
      lastBlock === tip.number &&
      firstBlock !== null &&
      lastBlock - firstBlock + 1 >= blocksCount &&
      again?.hash === tip.hash,
    `${String(blocksCount)} blocks old: blocks ${String(firstBlock)} to ${String(lastBlock)} from ${JSON.stringify(sources)}`
  )
}

function copyName(blocksCount: number): string {
  return `old-by-${String(blocksCount)}`
}
