// The gate check over what processes report, in their own order: what explains a block, and what breaks the invariant.
import assert from 'node:assert/strict'
import {
  checkGates,
  GateWatch,
  type ShownBlocks,
  type WatchedStart
} from '../../../devnet/cluster/gate-watch.ts'
import { type BlockFacts, type NodeReport } from '../../../devnet/cluster/messages.ts'

const BUILDING = ['begun', 'built', 'sealed', 'passed', 'signed', 'published'] as const
type Step = (typeof BUILDING)[number] | 'persisted'
/** A number is a block with all its steps. */
type Event = 'open' | 'shut' | 'lost report' | number | readonly [Step, number]

function block(number: number, branch = 'a'): BlockFacts {
  return { number, hash: `0x${branch.repeat(60)}${String(number).padStart(4, '0')}` }
}

function reportOf(step: Step, number: number): NodeReport {
  if (step === 'begun' || step === 'passed') return { event: 'gate-passed' }
  // It names the parent: the block has no hash yet.
  return { event: 'step', step, block: step === 'built' ? block(number, 'b') : block(number) }
}

function reportsOf(event: Event): readonly NodeReport[] {
  if (event === 'lost report') return []
  if (typeof event === 'number') return BUILDING.map((step) => reportOf(step, event))
  if (typeof event !== 'string') return [reportOf(...event)]
  return [{ event: 'gate', open: event === 'open', reason: event === 'open' ? '' : 'recovering' }]
}

function watch(events: readonly Event[]): GateWatch {
  const gate = new GateWatch()
  let seq = 0
  for (const event of events) {
    if (event === 'lost report') seq += 1
    for (const report of reportsOf(event)) gate.take({ ...report, seq: ++seq, atMs: 1_000 * seq })
  }
  return gate
}

function start(events: readonly Event[], facts: Partial<WatchedStart> = {}): WatchedStart {
  return { name: 'sequencer', isSequencer: true, wasKilled: false, watch: watch(events), ...facts }
}

function killed(...events: readonly Event[]): WatchedStart {
  return start(events, { wasKilled: true })
}

const NOTHING: ShownBlocks = { announced: [], recorded: [] }

function announced(...numbers: readonly number[]): ShownBlocks {
  return { ...NOTHING, announced: numbers.map((number) => block(number)) }
}

function recorded(...numbers: readonly number[]): ShownBlocks {
  return { ...NOTHING, recorded: numbers.map((number) => block(number)) }
}

describe('the gate check of one start', () => {
  for (const [title, events] of [
    ['blocks come behind the open gate', ['open', 1, 2]],
    ['it shuts and opens in between', ['open', 1, 'shut', 'open', 2]],
    ['nothing is built at all', ['open']],
    ['blocks of others are stored while it is shut', [['persisted', 1], 'open', 2]],
    [
      'it shuts before a seal, which is dropped',
      ['open', ['begun', 1], ['built', 1], 'shut', ['sealed', 1]]
    ],
    [
      'a sealed block is given up, and the next one is begun',
      ['open', ['begun', 1], ['built', 1], ['sealed', 1], 2]
    ],
    [
      'what was dropped is built anew',
      ['open', ['begun', 1], ['built', 1], ['sealed', 1], 'shut', 'open', 1, ['persisted', 1], 2]
    ],
    [
      'it shuts while a signature is written down',
      [
        'open',
        ['begun', 1],
        ['built', 1],
        ['sealed', 1],
        ['passed', 1],
        'shut',
        ['signed', 1],
        ['published', 1]
      ]
    ]
  ] as const) {
    it(`holds when ${title}`, () => {
      const one = start(events)
      assert.deepEqual(one.watch.breaches, [])
      const { ok, detail } = checkGates([one], NOTHING)
      assert.deepEqual({ ok, detail }, { ok: true, detail: '1 starts, nothing built before' })
    })
  }

  for (const [title, events, pattern] of [
    ['a block begins before the first gate', [1, 'open'], /a block passed the gate while/],
    ['a block begins after it shut', ['open', 1, 'shut', 2, 'open'], /a block passed the gate/],
    ['a block comes before the first gate', [['built', 1], 'open'], /block 1 was built while the/],
    [
      'it shuts while the build of a block starts',
      ['open', ['begun', 1], 'shut', ['built', 1], 'open'],
      /block 1 was built while the gate/
    ],
    [
      'a block is built that did not pass the gate',
      ['open', 1, ['built', 2]],
      /block 2 was built and did not pass the open gate/
    ],
    [
      'a block passes the gate after it shut',
      ['open', ['begun', 1], ['built', 1], ['sealed', 1], 'shut', ['passed', 1], ['signed', 1]],
      /passed the gate while it was shut \(its report 6, 1970-01-01T00:00:06/
    ],
    [
      'a block is signed that never passed the gate',
      ['open', ['begun', 1], ['built', 1], ['sealed', 1], ['signed', 1]],
      /block 1 was signed and did not pass the open gate/
    ],
    [
      'the gate is passed before the seal',
      ['open', ['begun', 1], ['built', 1], ['passed', 1], ['sealed', 1], ['signed', 1]],
      /block 1 was sealed and not built before/
    ],
    [
      'another block is signed than the one that passed',
      ['open', ['begun', 1], ['built', 1], ['sealed', 1], ['passed', 1], ['signed', 2]],
      /block 2 was signed/
    ],
    [
      'one passage serves for two signatures',
      ['open', 1, ['signed', 2], ['published', 2]],
      /block 2 was signed/
    ],
    ['a block is sealed that was not built', ['open', ['sealed', 1]], /block 1 was sealed/],
    [
      'a block is published that was not signed',
      ['open', ['begun', 1], ['built', 1], ['sealed', 1], ['passed', 1], ['published', 1]],
      /block 1 was published/
    ],
    ['a report is missing', ['open', 1, 'lost report', 2], /report 8 is missing/]
  ] as const) {
    it(`breaks when ${title}`, () => {
      const one = start(events)
      assert.equal(one.watch.hasBreach, true)
      const { ok, detail } = checkGates([one], NOTHING)
      assert.equal(ok, false)
      assert.match(detail, /^invariant 3 broke: sequencer, start 1: /)
      assert.match(detail, pattern)
    })
  }
})

describe('the gate check of several starts', () => {
  const good = start(['open', 1])

  it('breaks with any of them, also with one of a backup, and names the start', () => {
    const bad = [1, 'open'] as const
    for (const [starts, title] of [
      [[good, start(bad)], 'sequencer, start 2'],
      [[start(bad), good], 'sequencer, start 1'],
      [[good, start(bad, { name: 'second' })], 'second, start 1'],
      [[good, start(bad, { name: 'backup-1', isSequencer: false })], 'backup-1, start 1']
    ] as const) {
      const { ok, detail } = checkGates(starts, NOTHING)
      assert.equal(ok, false)
      assert.ok(detail.includes(`${title}: a block passed the gate while it was shut`), detail)
    }
  })

  it('breaks when a block of one start goes on in the next one', () => {
    const next = start([['published', 1], 'open'])
    assert.match(checkGates([good, next], NOTHING).detail, /start 2: block 1 was published/)
  })

  it('breaks when a gate never opened, unless that start was killed or has none', () => {
    const shut = start(['shut'])
    assert.match(checkGates([good, shut], NOTHING).detail, /sequencer, start 2: the gate never/)
    assert.equal(checkGates([good, killed('shut')], NOTHING).ok, true)
    const backup = start(['shut'], { name: 'backup-1', isSequencer: false })
    assert.equal(checkGates([good, backup], NOTHING).ok, true)
  })

  it('breaks when there was nothing to look at', () => {
    assert.equal(checkGates([], NOTHING).ok, false)
  })
})

describe('a block that others show', () => {
  const passed = ['open', 1, ['begun', 2], ['built', 2], ['sealed', 2], ['passed', 2]] as const

  it('is explained by its signature, of whatever start, read early or late', () => {
    const starts = [killed('open', 1), start(['open', 2])]
    assert.equal(checkGates(starts, announced(2, 1)).ok, true)
    assert.equal(checkGates(starts, recorded(1, 2)).ok, true)
  })

  for (const [how, shown] of [
    ['announced', announced(1, 2)],
    ['on record', recorded(1, 2)]
  ] as const) {
    it(`and is ${how} breaks the check when nobody reported to have signed it`, () => {
      for (const starts of [
        [start(['open', 1])],
        [killed('open', 1), start(['open'])],
        // It lives: what it does not report, it hides.
        [start(passed)],
        // What another block passed for is no excuse.
        [killed('open', 1, ['begun', 3], ['built', 3], ['sealed', 3], ['passed', 3])],
        // Its gate did not let it through any more.
        [killed('open', 1, ['begun', 2], ['built', 2], ['sealed', 2], 'shut')],
        [killed('open', 1, ['begun', 2], ['built', 2], ['sealed', 2])]
      ]) {
        const { ok, detail } = checkGates(starts, shown)
        assert.equal(ok, false)
        assert.match(
          detail,
          new RegExp(`invariant 3 broke: block 2 \\(0xa.*\\) is ${how}, and nobody`)
        )
      }
    })

    it(`and is ${how} is named when its signer was killed before the report, right behind its open gate`, () => {
      for (const events of [passed, [...passed, 'shut'] as const]) {
        const { ok, detail } = checkGates([killed(...events), start(['open'])], shown)
        assert.equal(ok, true)
        assert.match(detail, /; killed between .*: block 2 of sequencer, start 1$/)
      }
    })
  }

  it('is not explained by a signature that did not pass the gate', () => {
    const { watch: secret } = start([
      'open',
      ['begun', 1],
      ['built', 1],
      ['sealed', 1],
      ['signed', 1]
    ])
    assert.equal(secret.hasSigned(block(1).hash), false)
    assert.equal(secret.unreported, undefined)
  })
})
