// A backup that answers slowly: suspended, trickling, late. With a signed record a majority is enough, without it all must answer.
import { type Slowness } from '../cluster/slow-wire.ts'
import { Expectations } from './expectations.ts'
import { type Scenario, type ScenarioActions } from './scenario.ts'

const BLOCKS_BEFORE = 4
const BLOCKS_AFTER = 3
/** Longer than the quiet time: a gate that takes silence for an answer would have opened. */
const SHUT_MS = 8_000

/** Slow enough that no answer is in time, and too quick for a connection to be given up. */
const TRICKLE: Slowness = { kind: 'trickle', bytesPerSecond: 200 }
const DELAY: Slowness = { kind: 'delay', delayMs: 500 }

/** One way of being slow. */
interface Slow {
  readonly kind: string
  readonly begin: (actions: ScenarioActions, backup: string) => Promise<void>
  readonly end: (actions: ScenarioActions, backup: string) => Promise<void>
}

const SUSPENDED: Slow = {
  kind: 'suspended',
  begin: (actions, backup) => actions.suspend(backup),
  end: (actions, backup) => actions.resume(backup)
}

const KINDS: readonly Slow[] = [
  SUSPENDED,
  ...[TRICKLE, DELAY].map((slowness) => ({
    kind: slowness.kind,
    begin: (actions: ScenarioActions, backup: string) => actions.slow(backup, slowness),
    end: (actions: ScenarioActions, backup: string) => actions.slow(backup, undefined)
  }))
]

/** One slow backup of three holds nobody up, unless all must answer; then it is named. */
export const SLOW_BACKUP: Scenario = {
  name: 'slow-backup',
  summary: 'one backup is suspended, trickles, is late; at last the record is lost, too',
  setup: { signedRecord: 'on', quorum: 'auto' },
  backupsMin: 3,
  async run(actions) {
    const [slow = '', ...quick] = actions.backups
    const expectations = new Expectations()
    await actions.buildUntil(BLOCKS_BEFORE)
    for (const { kind, begin, end } of KINDS) {
      const block = await actions.holdAt('published')
      await actions.untilAccepted(block, quick)
      await actions.kill('sequencer')
      await begin(actions, slow)
      await actions.start('sequencer')
      await actions.untilBuilding(BLOCKS_AFTER)
      await end(actions, slow)
      const { number } = await actions.head('sequencer')
      await actions.untilHead(slow, number)
      const [again] = await actions.blocks(block.number, block.number)
      expectations.expect(again?.hash === block.hash, `recovered beside a ${kind} backup`)
    }
    const block = await actions.holdAt('published')
    await actions.untilAccepted(block, actions.backups)
    await actions.kill('sequencer')
    await actions.loseRecord()
    await SUSPENDED.begin(actions, slow)
    await actions.start('sequencer')
    await actions.untilShutMissing([slow])
    await actions.staysShut(SHUT_MS)
    await SUSPENDED.end(actions, slow)
    await actions.untilBuilding(BLOCKS_AFTER)
    expectations.expect(true, `shut for want of ${slow} without a record`)
    const blamed = await actions.blamed()
    expectations.expect(blamed.length === 0, `blamed: ${blamed.join(', ') || 'nobody'}`)
    return {
      lost: { ...block, announced: true, recorded: false },
      judge: () => expectations.judge()
    }
  }
}
