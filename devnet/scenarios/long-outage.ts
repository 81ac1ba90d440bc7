// Down for two minutes: the missed slots are filled with empty blocks at once, and nobody is punished for them.
import { Expectations } from './expectations.ts'
import { type Scenario } from './scenario.ts'

const BLOCKS_BEFORE = 4
const BLOCKS_AFTER = 3
const OUTAGE_MS = 120_000
/** A block older than this is not gossiped. */
const GOSSIP_MAX_AGE_MS = 50_000
/** Ages are compared in whole seconds there, and the way to the observer takes its time here. */
const AGE_SLACK_MS = 3_000
/** Filling slots is quicker than the slots themselves, or the chain would never catch up. */
const FILL_SPEED_MIN = 2

/** Timestamps are parent + block time, always; validators reject what is older than a minute. */
export const LONG_OUTAGE: Scenario = {
  name: 'long-outage',
  summary: 'the sequencer is down for 120 seconds',
  setup: { signedRecord: 'on', quorum: 'auto' },
  async run(actions) {
    const { blockTimeMs } = actions
    const expectations = new Expectations()
    await actions.buildUntil(BLOCKS_BEFORE)
    const lost = await actions.holdAt('published')
    await actions.untilAccepted(lost, actions.backups)
    await actions.kill('sequencer')
    await actions.passTime(OUTAGE_MS)
    await actions.start('sequencer')
    await actions.untilBuilding(1)
    const startedMs = performance.now()
    await actions.untilCaughtUp()
    const tookMs = performance.now() - startedMs
    await actions.untilBuilding(BLOCKS_AFTER)

    const head = await actions.head('sequencer')
    const filled = await actions.blocks(lost.number, head.number)
    const missedCount = Math.floor(OUTAGE_MS / blockTimeMs)
    const missed = filled.slice(1, missedCount)
    const full = missed.filter(({ transactionsCount }) => transactionsCount > 0)
    expectations.expect(
      missed.length === missedCount - 1 && full.length === 0,
      `${String(missed.length)} missed slots have blocks, ${String(full.length)} of them not empty`
    )
    const apart = filled.filter(
      ({ timestamp }, at) =>
        Math.abs(1_000 * (timestamp - filled[0]!.timestamp) - at * blockTimeMs) >= 1_000
    )
    expectations.expect(apart.length === 0, `${String(apart.length)} timestamps off their slot`)
    const speed = (missedCount * blockTimeMs) / tookMs
    expectations.expect(
      speed >= FILL_SPEED_MIN,
      `filled ${speed.toFixed(1)} times as fast as slots`
    )

    const heard = await actions.heard(lost.number + 1, head.number)
    const oldest = Math.max(...heard.map(({ ageMs }) => ageMs))
    expectations.expect(
      oldest <= GOSSIP_MAX_AGE_MS + AGE_SLACK_MS && heard.length > 0,
      `the oldest gossiped block was ${String(Math.round(oldest))} ms old`
    )
    const ungossiped = filled.length - 1 - heard.length
    expectations.expect(ungossiped > 0, `${String(ungossiped)} blocks came by range`)
    for (const backup of actions.backups) await actions.untilHead(backup, head.number)
    const blamed = await actions.blamed()
    expectations.expect(blamed.length === 0, `blamed: ${blamed.join(', ') || 'nobody'}`)
    return {
      lost: { ...lost, announced: true, recorded: true },
      judge: () => expectations.judge()
    }
  }
}
