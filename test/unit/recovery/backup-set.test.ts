// Changes of the backup set: which sets have to answer, and when the new one takes the old one's place.
import assert from 'node:assert/strict'
import { quorumState } from '../../../src/recovery/decide/quorum.ts'
import { type QuorumSetting } from '../../../src/recovery/decide/findings.ts'
import { blockFindings, ref } from './findings-fixture.ts'
import { createWorld, holder, testBlock, type WorldOptions } from './runner-fixture.ts'

type World = ReturnType<typeof createWorld>

const GOOD = { kind: 'good', tip: ref(10) } as const

async function withWorld(options: WorldOptions, test: (world: World) => Promise<void>) {
  const world = createWorld(options)
  try {
    await test(world)
  } finally {
    await world.stop()
  }
}

/** Whom a node with these answers still waits for. */
const CASES: readonly {
  readonly configured: readonly string[]
  readonly stored: readonly string[]
  readonly answered: readonly string[]
  readonly vouched: boolean
  readonly quorum?: QuorumSetting
  readonly missing: readonly string[]
}[] = [
  { configured: ['b'], stored: ['a'], answered: ['b'], vouched: true, missing: ['a'] },
  { configured: ['b'], stored: ['a'], answered: ['a'], vouched: true, missing: ['b'] },
  { configured: ['b'], stored: ['a'], answered: ['a', 'b'], vouched: true, missing: [] },
  {
    configured: ['c', 'd', 'e'],
    stored: ['a', 'b', 'c'],
    answered: ['c', 'd'],
    vouched: true,
    missing: ['a', 'b']
  },
  {
    configured: ['c', 'd', 'e'],
    stored: ['a', 'b', 'c'],
    answered: ['a', 'c', 'd'],
    vouched: true,
    missing: []
  },
  {
    configured: ['a', 'b'],
    stored: ['a', 'b', 'c'],
    answered: ['a', 'b'],
    vouched: false,
    missing: ['c']
  },
  { configured: [], stored: ['a'], answered: [], vouched: true, missing: ['a'] },
  { configured: ['b'], stored: ['a'], answered: [], vouched: false, quorum: 'none', missing: [] },
  {
    configured: ['a', 'b', 'c'],
    stored: ['a'],
    answered: ['b'],
    vouched: true,
    quorum: 1,
    missing: ['a']
  }
]

describe('a changed set of backups', () => {
  for (const { configured, stored, answered, vouched, quorum = 'auto', missing } of CASES) {
    const how = `${stored.join()} to ${configured.join() || 'none'}, ${vouched ? 'a' : 'no'} record`
    it(`${how}, quorum ${quorum}: ${answered.join() || 'nobody'} answered`, () => {
      const state = quorumState({
        ...blockFindings({}),
        record: vouched ? GOOD : { kind: 'missing' },
        head: ref(10),
        quorum,
        answers: new Map(answered.map((peer) => [peer, { kind: 'answered', tip: undefined }])),
        backupSets: [
          { name: 'configured', backups: configured },
          { name: 'stored', backups: stored }
        ]
      })
      assert.deepEqual([...state.missing].sort(), missing)
    })
  }

  it('keeps the gate shut until the old set has answered too, and is adopted when it opens', async () => {
    await withWorld({ backups: ['new'], stored: ['old'], record: GOOD }, async (world) => {
      world.peers.set('new', holder(10))
      world.start()
      await world.clock.advance(20_000)
      const action = world.recovery.status().blockAction
      assert.deepEqual(action?.action === 'ask' && action.missing, ['old'])
      assert.deepEqual(world.stored(), ['old'], 'it counts as changed until the gate opens')
      await world.connect('old', holder(10))
      await world.clock.advance(10_000)
      assert.equal(world.gate.state().kind, 'open')
      assert.deepEqual(world.stored(), ['new'])
    })
  })

  it('counts on when something shuts the gate while the new one is written', async () => {
    const sets = { backups: ['new'], stored: ['old'], record: GOOD }
    await withWorld(sets, async (world) => {
      world.peers.set('new', holder(10)).set('old', holder(10))
      world.hooks.onAnnounce = async () => {
        world.hooks.onAnnounce = undefined
        world.peers.delete('old')
        world.recovery.onBackupsChanged()
        world.recovery.onFault('process-paused')
        return Promise.resolve()
      }
      world.start()
      await world.clock.advance(30_000)
      assert.equal(world.gate.state().kind, 'shut')
      assert.deepEqual(world.stored(), ['old'])
      const action = world.recovery.status().blockAction
      assert.deepEqual(action?.action === 'ask' && action.missing, ['old'])
      await world.connect('old', holder(10))
      await world.clock.advance(30_000)
      assert.equal(world.gate.state().kind, 'open')
      assert.deepEqual(world.stored(), ['new'])
    })
  })

  it('is written while the gate is open: what shuts it meanwhile begins a whole new recovery', async () => {
    await withWorld({ backups: ['a'] }, async (world) => {
      world.peers.set('a', holder(10))
      world.hooks.onSettle = () => {
        world.hooks.onSettle = undefined
        assert.equal(world.gate.state().kind, 'open')
        world.peers.set('a', holder(11))
        world.served.set('a', [testBlock(11)])
        world.recovery.onFault('recovering')
      }
      world.start()
      await world.clock.advance(7_000)
      assert.equal(world.hooks.onSettle, undefined)
      assert.equal(world.gate.state().kind, 'shut', 'everybody is asked anew, twice')
      await world.clock.advance(20_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(11) })
    })
  })

  it('brings the block that only the old set holds', async () => {
    await withWorld({ backups: ['new'], stored: ['old'] }, async (world) => {
      world.peers.set('new', holder(10))
      world.peers.set('old', holder(11))
      world.start()
      await world.clock.advance(20_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(11) })
    })
  })

  it('is waited for a little also where no quorum is asked for: what it shows counts', async () => {
    const sets = { backups: ['new'], stored: ['old'], quorum: 'none' } as const
    await withWorld({ ...sets, record: GOOD }, async (world) => {
      world.peers.set('new', holder(10))
      world.served.set('old', [testBlock(11)])
      world.start()
      await world.clock.advance(3_000)
      assert.equal(world.gate.state().kind, 'shut')
      await world.connect('old', holder(11))
      await world.clock.advance(20_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(11) })
    })
  })

  it('of the same names in another order is no change', async () => {
    const sets = { backups: ['a', 'b', 'c'], stored: ['c', 'a', 'b'] }
    await withWorld({ ...sets, record: GOOD }, async (world) => {
      world.peers.set('a', holder(10)).set('b', holder(10))
      world.start()
      await world.clock.advance(0)
      assert.equal(world.gate.state().kind, 'open')
    })
  })

  it('by an addition while the gate is open counts from the next recovery on', async () => {
    await withWorld({ backups: ['a'], record: GOOD }, async (world) => {
      world.peers.set('a', holder(10))
      world.start()
      await world.clock.advance(0)
      await world.setBackups(['a', 'b'])
      await world.clock.advance(10_000)
      assert.equal(world.gate.state().kind, 'open', 'what was added keeps nobody waiting')
      assert.deepEqual(world.stored(), ['a'])
      world.recovery.onFault('process-paused')
      await world.clock.advance(10_000)
      const action = world.recovery.status().blockAction
      assert.deepEqual(action?.action === 'ask' && action.missing, ['b'])
      await world.connect('b', holder(10))
      await world.clock.advance(10_000)
      assert.equal(world.gate.state().kind, 'open')
      assert.deepEqual(world.stored(), ['a', 'b'])
    })
  })

  it('while the gate is shut is asked before it opens, the quiet time starting anew', async () => {
    await withWorld({ backups: ['a'] }, async (world) => {
      world.peers.set('a', holder(10))
      world.start()
      await world.clock.advance(5_000)
      await world.setBackups(['a', 'b'])
      await world.clock.advance(10_000)
      assert.equal(world.gate.state().kind, 'shut')
      await world.connect('b', holder(10))
      await world.clock.advance(5_500)
      assert.equal(world.gate.state().kind, 'shut', 'b was asked once only')
      await world.clock.advance(1_500)
      assert.equal(world.gate.state().kind, 'open')
    })
  })
})
