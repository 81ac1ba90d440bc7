// What is demanded of a cluster under attack: each demand by itself, and what was noted of heads and slots.
import assert from 'node:assert/strict'
import { findMissedSlots, worstLags } from '../../soak/strangers/heads-watch.ts'
import { judgeTrial, LIMITS, type TrialFacts } from '../../soak/strangers/judge.ts'

const MIB = 2 ** 20
const SPAN = { startMs: 10_000, endMs: 20_000 }

const loop = (p99Ms: number, samplesCount = 1_000) => ({ p99Ms, maxMs: 100, samplesCount })
const memory = (before: number, peak: number, after: number) => ({
  beforeBytes: before * MIB,
  peakBytes: peak * MIB,
  afterBytes: after * MIB
})

/** All is well. */
const GOOD: TrialFacts = {
  counts: { connections: 1 },
  slots: { slotsCount: 60, missed: [], latestMs: 100 },
  lags: new Map([['backup-1', 1]]),
  loops: new Map([['sequencer', loop(50)]]),
  memories: new Map([['sequencer', memory(100, 228, 164)]]),
  caller: { elapsedMs: Array.from({ length: 200 }, () => 5), failedCount: 0 },
  transfers: { included: 1_200, offered: 1_500 },
  reopenedMs: LIMITS.gateOpensMs,
  punished: [],
  died: [],
  broken: []
}

const broken = (facts: Partial<TrialFacts>, sparesCaller = true) =>
  judgeTrial({ ...GOOD, ...facts }, { name: 'attack', sparesCaller })
    .filter(({ ok }) => !ok)
    .map(({ criterion }) => criterion.replace('attack: ', ''))

describe('the judgement of an attack', () => {
  it('is good at the very limits', () => {
    assert.deepEqual(broken({}), [])
  })

  it('names the attack in every criterion', () => {
    const criteria = judgeTrial(GOOD, { name: 'attack', sparesCaller: false })
    assert.ok(criteria.every(({ criterion }) => criterion.startsWith('attack: ')))
    assert.equal(criteria.length, 11)
  })

  const MEMORY = 'memory in MiB, more under the attack and left afterwards'
  const LOOPS = 'event-loop delay p99 in ms'
  const CALLER = 'an honest caller, answer p99 in ms'
  for (const [name, facts, criterion] of [
    ['nothing was done', { counts: {} }, 'the attack was made'],
    ['only its own side broke', { counts: { 'broken: x': 9 } }, 'the attack was made'],
    ['it counted to none', { counts: { connections: 0 } }, 'the attack was made'],
    ['a slot was missed', { slots: { ...GOOD.slots!, missed: [7] } }, 'slots missed'],
    ['no slot was looked at', { slots: { ...GOOD.slots!, slotsCount: 0 } }, 'slots missed'],
    ['slots are unknown', { slots: undefined }, 'slots missed'],
    [
      'a backup was two blocks behind',
      { lags: new Map([['backup-1', 2]]) },
      'blocks that honest backups were behind'
    ],
    [
      'no backup was looked at',
      { lags: new Map<string, number>() },
      'blocks that honest backups were behind'
    ],
    ['a loop was kept', { loops: new Map([['sequencer', loop(50.1)]]) }, LOOPS],
    ['a node did not answer', { loops: new Map([['backup-1', undefined]]) }, LOOPS],
    ['a loop was not measured', { loops: new Map([['sequencer', loop(0, 0)]]) }, LOOPS],
    ['no loop was looked at', { loops: new Map<string, undefined>() }, LOOPS],
    ['memory grew', { memories: new Map([['backup-1', memory(100, 229, 100)]]) }, MEMORY],
    ['memory stayed', { memories: new Map([['backup-1', memory(100, 200, 165)]]) }, MEMORY],
    ['memory is unknown', { memories: new Map<string, never>() }, MEMORY],
    [
      'transfers were kept out',
      { transfers: { included: 1_199, offered: 1_500 } },
      'honest transfers included'
    ],
    [
      'no transfer was offered',
      { transfers: { included: 0, offered: 0 } },
      'honest transfers included'
    ],
    ['a caller waited', { caller: { elapsedMs: [5, 1_001], failedCount: 0 } }, CALLER],
    ['a call failed', { caller: { elapsedMs: [5], failedCount: 1 } }, CALLER],
    ['nobody called', { caller: { elapsedMs: [], failedCount: 0 } }, CALLER],
    [
      'no block came after the kill',
      { reopenedMs: undefined },
      'milliseconds from a kill to the next block'
    ],
    [
      'the gate opened late',
      { reopenedMs: LIMITS.gateOpensMs + 1 },
      'milliseconds from a kill to the next block'
    ],
    ['an honest peer was punished', { punished: ['x'] }, 'honest peers punished'],
    ['a node died', { died: ['x'] }, 'nodes that died'],
    ['a check broke', { broken: ['x'] }, 'all other checks']
  ] as const) {
    it(`breaks when ${name}`, () => {
      assert.deepEqual(broken(facts), [criterion])
    })
  }

  it('does not hold a slow answer against an attack that is not on the API', () => {
    assert.deepEqual(broken({ caller: { elapsedMs: [2_000], failedCount: 3 } }, false), [])
  })
})

describe('lags of backups', () => {
  const lagsOf = (notes: readonly (readonly [string, number, number])[]) =>
    Object.fromEntries(
      worstLags(
        notes.map(([node, number, atMs]) => ({ node, number, atMs })),
        { sequencer: 'seq', backups: ['a', 'b'], span: SPAN }
      )
    )

  it('are counted at each new head of the sequencer in the span', () => {
    const notes = [
      ['seq', 9, 8_000],
      ['seq', 10, 9_000],
      ['a', 10, 9_100],
      ['b', 8, 9_200],
      ['seq', 11, 10_000],
      ['a', 11, 10_100],
      ['seq', 12, 11_000],
      ['b', 12, 11_100],
      ['seq', 20, 20_001]
    ] as const
    assert.deepEqual(lagsOf(notes), { a: 1, b: 4 })
  })

  it('go by when heads were set, and not by when that was read', () => {
    const notes = [
      ['seq', 10, 10_000],
      ['seq', 11, 11_000],
      ['seq', 12, 12_000],
      ['a', 10, 10_100],
      ['a', 11, 11_100],
      ['b', 10, 10_200],
      ['b', 11, 11_200]
    ] as const
    assert.deepEqual(lagsOf([['a', 9, 9_000], ['b', 9, 9_000], ...notes]), { a: 1, b: 1 })
  })

  it('are none where the sequencer set no head', () => {
    assert.deepEqual(lagsOf([['a', 1, 11_000]]), { a: 0, b: 0 })
  })

  it('are the whole chain of a backup that has none', () => {
    assert.deepEqual(lagsOf([['seq', 5, 12_000]]), { a: 5, b: 5 })
  })
})

describe('missed slots', () => {
  const find = (heard: readonly (readonly [number, number])[], endMs = SPAN.endMs) =>
    findMissedSlots(new Map(heard), {
      genesisMs: 6_000,
      blockTimeMs: 1_000,
      span: { startMs: 10_500, endMs }
    })

  it('are those whose block is heard when the next slot has begun', () => {
    const heard = [
      [4, 99_999],
      [5, 11_999],
      [6, 13_000],
      [7, 13_050]
    ] as const
    assert.deepEqual(find(heard, 14_900), { slotsCount: 3, missed: [6], latestMs: 1_000 })
  })

  it('are those whose block is never heard', () => {
    assert.deepEqual(find([[5, 11_010]], 13_000), {
      slotsCount: 2,
      missed: [6],
      latestMs: Infinity
    })
  })

  it('are none in a span without a whole slot', () => {
    assert.deepEqual(find([], 11_400), { slotsCount: 0, missed: [], latestMs: 0 })
  })
})
