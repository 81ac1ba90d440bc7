// A backup begins with nothing while the chain goes on: it has the state in moments, follows, and fills its history behind.
import { loseData } from './lost-directory.ts'
import { Expectations } from './expectations.ts'
import { type Scenario } from './scenario.ts'

/** Above the number from which on a state is fetched in place of all blocks. */
const OLD_BLOCKS = 160
const BLOCKS_AFTER = 3

/** The others go on meanwhile, and serve it. */
export const BACKUP_JOINS: Scenario = {
  name: 'backup-joins',
  summary: 'a backup with an empty directory joins a cluster that builds under load',
  setup: { signedRecord: 'on', quorum: 'auto', genesisAgeBlocks: OLD_BLOCKS },
  backupsMin: 2,
  async prepare(actions) {
    await actions.untilCaughtUp()
  },
  async run(actions) {
    const [joiner = ''] = actions.backups
    const expectations = new Expectations()
    await actions.buildUntil(OLD_BLOCKS + BLOCKS_AFTER)
    await actions.kill(joiner)
    await loseData(actions, joiner)
    await actions.start(joiner)
    const { number } = await actions.head('sequencer')
    await actions.untilHead(joiner, number + BLOCKS_AFTER)
    await actions.untilHistory(joiner)
    const stages = await actions.stages(joiner)
    const fetched = stages.find(({ name }) => name === 'fetch-state')
    const executed = stages.find(({ name }) => name === 'apply-blocks')
    expectations.expect(
      fetched !== undefined && fetched.items > 0 && fetched.peers.length > 0,
      `${String(fetched?.items)} entries of state from ${String(fetched?.peers.length)} peers`
    )
    expectations.expect(
      (executed?.items ?? 0) < OLD_BLOCKS,
      `${String(executed?.items ?? 0)} blocks were executed before it followed`
    )
    const last = await actions.holdAt('published')
    await actions.untilAccepted(last, actions.backups)
    await actions.letGo()
    await actions.untilBuilding(BLOCKS_AFTER)
    return {
      lost: { ...last, announced: true, recorded: true },
      judge: () => expectations.judge()
    }
  }
}
