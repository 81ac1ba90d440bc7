// A node that has no state, or a chain of genesis alone: it fetches a state, jumps to its block, and goes on from there.
import assert from 'node:assert/strict'
import { ref } from './findings-fixture.ts'
import { createWorld, holder, testBlock, type WorldOptions } from './runner-fixture.ts'

const BACKUPS = ['backup-1', 'backup-2', 'backup-3']
const FETCHES = { stateFetches: [] } as const
type World = ReturnType<typeof createWorld>

/** Backups that hold a chain up to a height, and serve its blocks. */
async function withWorld(
  options: WorldOptions,
  height: number,
  test: (world: World) => Promise<void>
) {
  const world = createWorld(options)
  for (const name of BACKUPS) world.peers.set(name, holder(height))
  const blocks = Array.from({ length: height }, (_, at) => testBlock(at + 1))
  world.served.set('backup-1', blocks)
  try {
    world.start()
    await world.clock.advance(0)
    await test(world)
  } finally {
    await world.stop()
  }
}

describe('a sequencer with an empty store', () => {
  it('takes the state at what its backups show, and opens on it, with no block below fetched but 256', async () => {
    await withWorld({ height: 0, ...FETCHES }, 1_000, async (world) => {
      await world.clock.advance(10_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(1_000) })
      assert.deepEqual(
        world.pivots.map(({ number }) => number),
        [1_000n]
      )
      assert.deepEqual(world.applied, [])
      assert.equal(world.history.oldestBlock, 744n)
      assert.ok(world.fetched.length <= 1)
      assert.ok(world.recovery.status().last?.stages.some(({ name }) => name === 'fetch-state'))
    })
  })
  it('executes a short chain from its first block', async () => {
    await withWorld({ height: 0, ...FETCHES }, 128, async (world) => {
      await world.clock.advance(10_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(128) })
      assert.deepEqual(world.pivots, [])
      assert.equal(world.applied.length, 128)
    })
  })
  it('executes where no peer serves states', async () => {
    await withWorld({ height: 0 }, 200, async (world) => {
      await world.clock.advance(10_000)
      assert.equal(world.applied.length, 200)
    })
  })
  it('tries three times, and then goes the long way', async () => {
    const failed = { kind: 'failed', reason: 'no peer has it' } as const
    const stateFetches = [failed, failed, failed]
    await withWorld({ height: 0, stateFetches }, 200, async (world) => {
      await world.clock.advance(60_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(200) })
      assert.equal(world.applied.length, 200)
      assert.equal(world.resets.length, 1)
    })
  })
  it('refuses a state whose block is not the one that its record has there', async () => {
    const recordBlocks = [testBlock(1_000, 'b')]
    const options: WorldOptions = {
      height: 0,
      record: { kind: 'good', tip: ref(1_000, 'b') },
      recordBlocks,
      ...FETCHES
    }
    await withWorld(options, 1_000, async (world) => {
      await world.clock.advance(10_000)
      assert.equal(world.gate.state().kind, 'shut')
      assert.equal(world.recovery.status().blockAction?.action, 'stay-shut-conflict')
      assert.equal(world.head().number, 0n)
    })
  })
})

describe('a node whose states are lost under a long chain', () => {
  it('fetches one where executing from genesis is the only other way', async () => {
    const options: WorldOptions = { height: 500, readable: 0, ...FETCHES }
    await withWorld(options, 500, async (world) => {
      await world.clock.advance(10_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(500) })
      assert.deepEqual(
        world.pivots.map(({ number }) => number),
        [500n]
      )
    })
  })
  it('links the blocks between its head and the state, which they prove', async () => {
    const options: WorldOptions = { height: 500, readable: 0, ...FETCHES }
    await withWorld(options, 503, async (world) => {
      await world.clock.advance(10_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(503) })
      assert.deepEqual(world.linked, [ref(501).hash, ref(502).hash, ref(503).hash])
    })
  })
})

describe('a state that was being fetched', () => {
  it('is gone on with, before anything else', async () => {
    const options: WorldOptions = { height: 0, isFetchUnderWay: true, ...FETCHES }
    await withWorld(options, 10, async (world) => {
      await world.clock.advance(10_000)
      assert.equal(world.pivots.length, 1)
    })
  })
  it('waits for a peer that serves states, with the gate shut', async () => {
    const world = createWorld({ height: 0, isFetchUnderWay: true })
    for (const name of BACKUPS) world.peers.set(name, holder(0))
    try {
      world.start()
      await world.clock.advance(30_000)
      assert.equal(world.gate.state().kind, 'shut')
      assert.equal(world.recovery.status().stateAction?.action, 'await-state')
    } finally {
      await world.stop()
    }
  })
})

describe('an answer whose block is below the oldest one', () => {
  it('counts once the history reaches it: it may be of another branch', async () => {
    const options: WorldOptions = { height: 1_000, record: { kind: 'good', tip: ref(1_000) } }
    const world = createWorld({ ...options, backups: ['backup-1'] })
    world.history.oldestBlock = 700n
    world.peers.set('backup-1', holder(600))
    try {
      world.start()
      await world.clock.advance(10_000)
      assert.equal(world.gate.state().kind, 'shut')
      assert.ok(world.needed.includes(600n))
      world.history.oldestBlock = 600n
      await world.clock.advance(10_000)
      assert.equal(world.gate.state().kind, 'open')
    } finally {
      await world.stop()
    }
  })
})

describe('a hash that the next block may ask for', () => {
  it('keeps the gate shut while it is below the oldest block', async () => {
    const world = createWorld({ height: 1_000, record: { kind: 'good', tip: ref(1_000) } })
    for (const name of BACKUPS) world.peers.set(name, holder(1_000))
    world.history.oldestBlock = 900n
    try {
      world.start()
      await world.clock.advance(10_000)
      const action = world.recovery.status().blockAction
      assert.ok(action?.action === 'wait')
      assert.deepEqual(action.reason, { code: 'blocks-missing', number: 899n })
      world.history.oldestBlock = 744n
      await world.clock.advance(10_000)
      assert.equal(world.gate.state().kind, 'open')
    } finally {
      await world.stop()
    }
  })
})
