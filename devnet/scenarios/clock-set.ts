// The sequencer's clock is set while it builds: its gate shuts, says what is wrong and by whom, and opens when it is right again.
import { systemClock } from '../../src/base/clock.ts'
import { Expectations } from './expectations.ts'
import { type Scenario, type ScenarioActions } from './scenario.ts'

const BLOCKS_BEFORE = 4
const BLOCKS_AFTER = 3
/** A clock that jumps by less than four slots is none that was set. */
const JUMP_SLOTS_MIN = 5
const SHUT_MS = 3_000

/** One way to set a clock wrong, and what the node says of it, one after the other. */
interface Jump {
  readonly what: string
  readonly direction: 1 | -1
  readonly seconds: number
  readonly faults: readonly string[]
}

/** Set back, our own head lies in the future first; then we get there, and only the backups know better. */
const JUMPS: readonly Jump[] = [
  { what: 'back', direction: -1, seconds: 10, faults: ['before-head', 'off-from-backups'] },
  { what: 'forward', direction: 1, seconds: 60, faults: ['off-from-backups'] }
]

/** The wait for the clock, and the pause watch, which sees that the time of day and the time that passed differ. */
export const CLOCK_SET: Scenario = {
  name: 'clock-set',
  summary: "the sequencer's clock is set 10 seconds back, then 60 forward, while it builds",
  setup: { signedRecord: 'on', quorum: 'auto' },
  backupsMin: 2,
  async run(actions) {
    const expectations = new Expectations()
    await actions.buildUntil(BLOCKS_BEFORE)
    for (const jump of JUMPS) await setAndMend(actions, jump, expectations)
    const blamed = await actions.blamed()
    expectations.expect(blamed.length === 0, `blamed: ${blamed.join(', ') || 'nobody'}`)
    return { lost: undefined, judge: () => expectations.judge() }
  }
}

async function setAndMend(
  actions: ScenarioActions,
  { what, direction, seconds, faults }: Jump,
  expectations: Expectations
): Promise<void> {
  const { blockTimeMs, backups } = actions
  const offsetMs = direction * Math.max(1_000 * seconds, JUMP_SLOTS_MIN * blockTimeMs)
  await actions.setClock('sequencer', offsetMs)
  let accusers: readonly string[] = []
  for (const fault of faults) {
    ;({ accusers } = await actions.untilShutBecause('sequencer', fault))
  }
  const head = await actions.head('sequencer')
  await actions.staysShut(SHUT_MS)
  const later = await actions.head('sequencer')
  expectations.expect(
    later.hash === head.hash && 1_000 * head.timestamp <= systemClock.nowMs() + blockTimeMs,
    `set ${what}: nothing is built above block ${String(head.number)}, which is not ahead of time`
  )
  const named = backups.filter((backup) => accusers.includes(actions.place(backup).peerId))
  expectations.expect(
    2 * named.length > backups.length && named.length === accusers.length,
    `set ${what}: ${faults.join(', then ')}, by ${named.join(', ')}`
  )
  await actions.setClock('sequencer', 0)
  await actions.untilBuilding(BLOCKS_AFTER)
  const [again] = await actions.blocks(head.number, head.number)
  expectations.expect(again?.hash === head.hash, `set right: goes on above ${String(head.number)}`)
}
