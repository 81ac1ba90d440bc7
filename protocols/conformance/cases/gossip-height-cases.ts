// GO: what a node remembers of a height: blocks that came before, and how many they were.
import { keccak256 } from '../block-maker.ts'
import { type ConformanceCase } from '../conformance-case.ts'
import {
  expectForwarded,
  maxAgeSeconds,
  nowSeconds,
  passedOnOf,
  publishPlan,
  soundPlan
} from '../gossip-trial.ts'
import { type WireMessage } from '../gossip-wire.ts'
import { type Subject } from '../subject.ts'
import { expectRule, NotRun } from '../verdict.ts'

const HASHES_PER_HEIGHT_MAX = 6
const OTHER_KEY = keccak256(Uint8Array.of(0x6f))

/** Cases of protocols/gossip with several blocks of one height. */
export const GOSSIP_HEIGHT_CASES: readonly ConformanceCase[] = [
  {
    id: 'GO-14 repeat',
    rules: ['GO-14'],
    title: 'does not pass on the same block under another signature',
    run: checkRepeat
  },
  {
    id: 'GO-15 height',
    rules: ['GO-15'],
    title: 'passes six blocks of one height on and no seventh',
    run: checkHeight
  },
  {
    id: 'GO-17 counting',
    rules: ['GO-17'],
    title: 'does not count what it refused',
    run: checkCounting
  }
]

async function checkRepeat(subject: Subject): Promise<void> {
  const plan = soundPlan(subject)
  const first = await publishPlan(subject, plan)
  await expectForwarded(subject, first, 'a sound block')
  const second = await publishPlan(subject, plan, { isVaried: true })
  const { length } = await passedOnOf(subject, [second])
  expectRule(length === 0, 'the same block passed on a second time')
}

async function checkHeight(subject: Subject): Promise<void> {
  const plan = soundPlan(subject)
  const build = (salt: number) =>
    publishPlan(subject, { ...plan, payload: { gasUsed: BigInt(salt) } })
  for (let salt = 1; salt <= HASHES_PER_HEIGHT_MAX; salt++) {
    await expectForwarded(subject, await build(salt), `block ${String(salt)} of a height`)
  }
  const { length } = await passedOnOf(subject, [await build(HASHES_PER_HEIGHT_MAX + 1)])
  expectRule(length === 0, 'a seventh block of a height passed on')
}

async function checkCounting(subject: Subject): Promise<void> {
  const plan = soundPlan(subject)
  const refusedBlocks: WireMessage[] = []
  for (let salt = 1; salt <= HASHES_PER_HEIGHT_MAX + 1; salt++) {
    const payload = { gasUsed: BigInt(salt) }
    const old = { ...plan, payload, timestamp: nowSeconds() - maxAgeSeconds(subject) - 100n }
    refusedBlocks.push(await publishPlan(subject, old))
    refusedBlocks.push(await publishPlan(subject, { ...plan, payload }, { key: OTHER_KEY }))
  }
  if ((await passedOnOf(subject, refusedBlocks)).length > 0) {
    throw new NotRun('it refuses too little; see GO-9 and GO-11')
  }
  const sound = await publishPlan(subject, plan)
  await expectForwarded(subject, sound, 'a sound block at a height of refused ones')
}
