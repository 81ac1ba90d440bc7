// The runner over scripted peers: what it asks, fetches, applies, and when it opens the gate.
import assert from 'node:assert/strict'
import { settle } from '../../support/manual-clock.ts'
import { ref } from './findings-fixture.ts'
import { createWorld, holder, testBlock, type WorldOptions } from './runner-fixture.ts'

type World = ReturnType<typeof createWorld>

async function withWorld(options: WorldOptions, test: (world: World) => Promise<void>) {
  const world = createWorld(options)
  try {
    await test(world)
  } finally {
    await world.stop()
  }
}

function connectAll(world: World, height: number, branch = 'a', parentBranch = branch) {
  for (const name of ['backup-1', 'backup-2', 'backup-3']) {
    world.peers.set(name, holder(height, branch, parentBranch))
  }
}

describe('recovery runner', () => {
  it('fetches the one lost block from the backups and opens after the quiet round', async () => {
    await withWorld({}, async (world) => {
      connectAll(world, 11)
      world.start()
      await world.clock.advance(0)
      assert.deepEqual(world.applied, [ref(11).hash])
      assert.equal(world.gate.state().kind, 'shut', 'no record: the quiet round is due')
      await world.clock.advance(5_900)
      assert.equal(world.gate.state().kind, 'shut')
      await world.clock.advance(500)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(11) })
      const report = world.recovery.status().last
      assert.deepEqual(report?.sources, ['peers'])
      assert.equal(report.firstBlock, 11n)
      assert.equal(report.lastBlock, 11n)
    })
  })

  it('says from its first moment what it does: what the last process left is looked for', async () => {
    await withWorld({}, async (world) => {
      world.start()
      const { stages, blockAction } = world.recovery.status()
      assert.equal(blockAction, undefined)
      assert.deepEqual(
        stages.map(({ name }) => name),
        ['search-store']
      )
      await world.clock.advance(0)
      assert.equal(world.recovery.status().blockAction?.action, 'ask')
    })
  })

  it('opens at once with a good record and a majority that shows nothing more', async () => {
    await withWorld({ record: { kind: 'good', tip: ref(10) } }, async (world) => {
      world.peers.set('backup-1', holder(10))
      world.peers.set('backup-2', holder(10))
      world.start()
      await world.clock.advance(0)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(10) })
      assert.deepEqual(world.adopted, [ref(10)])
    })
  })

  it('takes from its record the block it signed and never published', async () => {
    const recordBlocks = [testBlock(11)]
    await withWorld({ record: { kind: 'good', tip: ref(11) }, recordBlocks }, async (world) => {
      connectAll(world, 10)
      world.start()
      await world.clock.advance(0)
      assert.deepEqual(world.applied, [ref(11).hash])
      assert.deepEqual(world.published, [ref(11).hash])
      await world.clock.advance(1_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(11) })
      assert.deepEqual(world.recovery.status().last?.sources, ['record'])
    })
  })

  it('walks nowhere for a block of its record that is persisted by then', async () => {
    const recordBlocks = [testBlock(11)]
    await withWorld({ record: { kind: 'good', tip: ref(11) }, recordBlocks }, async (world) => {
      connectAll(world, 10)
      world.served.set(
        'backup-1',
        Array.from({ length: 10 }, (_, index) => testBlock(index + 1))
      )
      world.hooks.onAccept = async () => {
        world.hooks.onAccept = undefined
        await world.persist(testBlock(11))
      }
      world.start()
      await world.clock.advance(10_000)
      assert.deepEqual(world.fetched, [])
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(11) })
    })
  })

  it('stays shut and names who is missing, until the last backup has answered', async () => {
    await withWorld({}, async (world) => {
      world.start()
      await world.clock.advance(20_000)
      const alone = world.recovery.status().blockAction
      assert.deepEqual(alone, {
        action: 'ask',
        missing: ['backup-1', 'backup-2', 'backup-3'],
        required: 3,
        answered: 0
      })
      await world.connect('backup-1', holder(11))
      assert.deepEqual(world.applied, [ref(11).hash], 'what it shows counts at once')
      await world.connect('backup-2', holder(11))
      await world.clock.advance(30_000)
      assert.equal(world.gate.state().kind, 'shut')
      await world.connect('backup-3', holder(10))
      await world.clock.advance(7_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(11) })
    })
  })

  it('waits the quiet time anew when a later round shows a new block', async () => {
    await withWorld({}, async (world) => {
      connectAll(world, 10)
      world.start()
      await world.clock.advance(3_000)
      connectAll(world, 11)
      await world.clock.advance(4_000)
      assert.deepEqual(world.applied, [ref(11).hash])
      assert.equal(world.gate.state().kind, 'shut')
      await world.clock.advance(6_500)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(11) })
    })
  })

  it('walks a gap of several blocks and takes the rest from another peer when one fails', async () => {
    await withWorld({}, async (world) => {
      connectAll(world, 15)
      world.served.set('backup-1', [])
      world.served.set(
        'backup-2',
        [11, 12, 13, 14].map((number) => testBlock(number))
      )
      world.start()
      await world.clock.advance(10_000)
      assert.deepEqual(
        world.applied,
        [11, 12, 13, 14, 15].map((number) => ref(number).hash)
      )
      assert.equal(world.gate.state().kind, 'open')
    })
  })

  it('stays shut and lists the heights when nobody serves a block of the gap', async () => {
    await withWorld({}, async (world) => {
      connectAll(world, 13)
      world.start()
      await world.clock.advance(60_000)
      const action = world.recovery.status().blockAction
      assert.equal(action?.action, 'stay-shut-gap')
      assert.equal(world.gate.state().kind, 'shut')
      world.served.set(
        'backup-1',
        [11, 12].map((number) => testBlock(number))
      )
      await world.connect('helper', holder(13))
      await world.clock.advance(10_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(13) })
    })
  })

  it('stays shut at a conflict: a backup holds another block at our head', async () => {
    await withWorld({}, async (world) => {
      connectAll(world, 10)
      world.peers.set('backup-2', () => ({
        relation: 'conflict',
        block: testBlock(10, 'b', 'a')
      }))
      world.start()
      await world.clock.advance(60_000)
      assert.equal(world.recovery.status().blockAction?.action, 'stay-shut-conflict')
      assert.equal(world.gate.state().kind, 'shut')
    })
  })

  it('stays shut at a conflict: a longer branch does not contain our head', async () => {
    await withWorld({}, async (world) => {
      connectAll(world, 11, 'b', 'b')
      world.start()
      await world.clock.advance(60_000)
      assert.equal(world.recovery.status().blockAction?.action, 'stay-shut-conflict')
      assert.deepEqual(world.applied, [])
    })
  })

  it('stays shut at a conflict: the backups hold another block than the one in the record', async () => {
    const recordBlocks = [testBlock(11, 'r', 'a')]
    const record = { kind: 'good', tip: ref(11, 'r') } as const
    await withWorld({ record, recordBlocks }, async (world) => {
      connectAll(world, 11, 'a')
      world.start()
      await world.clock.advance(60_000)
      assert.equal(world.recovery.status().blockAction?.action, 'stay-shut-conflict')
      assert.deepEqual(world.applied, [])
      assert.deepEqual(world.published, [])
    })
  })

  it('rebuilds lost state by executing stored blocks again, before it applies what it fetched', async () => {
    await withWorld({ height: 10, readable: 4 }, async (world) => {
      connectAll(world, 11)
      world.start()
      await world.clock.advance(10_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(11) })
      const report = world.recovery.status().last
      assert.deepEqual(report?.sources, ['execution', 'peers'])
      assert.equal(report.lostLayers, 6)
    })
  })

  it('shuts at once and stays latched when a block shows up that our key signed elsewhere', async () => {
    await withWorld({ record: { kind: 'good', tip: ref(10) } }, async (world) => {
      connectAll(world, 10)
      world.start()
      await world.clock.advance(0)
      assert.equal(world.gate.state().kind, 'open')
      await world.chain.accepted.accept([testBlock(11)])
      world.recovery.onAccepted(testBlock(11), 'backup-1')
      assert.deepEqual(world.gate.state(), { kind: 'shut', reason: 'foreign-block' })
      connectAll(world, 11)
      await world.clock.advance(60_000)
      assert.equal(world.gate.state().kind, 'shut')
    })
  })

  it('exits when the record is damaged before its last entry', async () => {
    const record = { kind: 'unreadable', path: 'signed-record', reason: 'checksum' } as const
    await withWorld({ record }, async (world) => {
      connectAll(world, 10)
      world.start()
      await settle()
      assert.equal(world.exits[0]?.path, 'signed-record')
      assert.equal(world.gate.state().kind, 'shut')
    })
  })

  for (const [code, reason] of [
    ['ENOSPC', 'disk-full'],
    ['EDQUOT', 'disk-full'],
    ['EMFILE', 'files-exhausted'],
    ['ENFILE', 'files-exhausted']
  ] as const) {
    it(`waits by name when a write fails with ${code}, and goes on by itself`, async () => {
      await withWorld({ record: { kind: 'good', tip: ref(10) } }, async (world) => {
        let isUsedUp = true
        world.hooks.onAdopt = async () => {
          const cause = Object.assign(new Error(code), { code })
          if (isUsedUp) throw new Error('the record', { cause })
          return Promise.resolve()
        }
        connectAll(world, 10)
        world.start()
        await world.clock.advance(1_000)
        assert.deepEqual(world.gate.state(), { kind: 'shut', reason })
        assert.ok(world.logged.some(({ event }) => event === 'recovery-waits'))
        isUsedUp = false
        for (let ms = 0; ms < 6_000; ms += 250) await world.clock.advance(250)
        assert.equal(world.gate.state().kind, 'open')
      })
    })
  }

  it('recovers again after a fault, and asks anew', async () => {
    await withWorld({ record: { kind: 'good', tip: ref(10) } }, async (world) => {
      connectAll(world, 10)
      world.start()
      await world.clock.advance(0)
      assert.equal(world.gate.state().kind, 'open')
      world.peers.clear()
      world.recovery.onFault('process-paused')
      await world.clock.advance(1_000)
      assert.equal(world.gate.state().kind, 'shut')
      await world.connect('backup-1', holder(10))
      await world.connect('backup-3', holder(10))
      assert.equal(world.gate.state().kind, 'open')
    })
  })

  it('decides nothing while a block that was signed before the gate shut is on its way to the head', async () => {
    await withWorld({ record: { kind: 'good', tip: ref(10) } }, async (world) => {
      connectAll(world, 10)
      world.start()
      await world.clock.advance(0)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(10) })
      const signing = Promise.withResolvers<undefined>()
      world.hooks.signing = signing.promise
      world.recovery.onFault('process-paused')
      await world.clock.advance(10_000)
      assert.deepEqual(world.adopted, [ref(10)], 'the record has 11 by now, and refuses 10')
      await world.persist(testBlock(11))
      signing.resolve(undefined)
      connectAll(world, 11)
      for (let ms = 0; ms < 10_000; ms += 250) await world.clock.advance(250)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(11) })
      assert.deepEqual(world.adopted, [ref(10), ref(11)])
    })
  })

  it('lets a backup follow accepted blocks and keep its branch at a conflict', async () => {
    await withWorld({ role: 'backup', backups: [] }, async (world) => {
      world.start()
      await settle()
      await world.chain.accepted.accept([testBlock(11)])
      world.recovery.onAccepted(testBlock(11), 'gossip')
      await settle()
      assert.deepEqual(world.head(), ref(11))
      await world.chain.accepted.accept([testBlock(11, 'b', 'a'), testBlock(12, 'b')])
      world.recovery.onAccepted(testBlock(11, 'b', 'a'), 'gossip')
      world.recovery.onAccepted(testBlock(12, 'b'), 'gossip')
      await settle()
      assert.deepEqual(world.head(), ref(11), 'the branch accepted first stays')
      await world.chain.accepted.accept([testBlock(12)])
      world.recovery.onAccepted(testBlock(12), 'gossip')
      await settle()
      assert.deepEqual(world.head(), ref(12))
      assert.equal(world.recovery.status().conflicts.length > 0, true)
    })
  })
})
