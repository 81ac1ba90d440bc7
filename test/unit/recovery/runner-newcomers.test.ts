// What comes beside the rounds: blocks by gossip while the gate is shut, peers that connect late, walks tried again.
import assert from 'node:assert/strict'
import { StoreError } from '../../../src/store/store-error.ts'
import { ref } from './findings-fixture.ts'
import {
  createWorld,
  holder,
  lateHolder,
  testBlock,
  type TestPeer,
  type WorldOptions
} from './runner-fixture.ts'

type World = ReturnType<typeof createWorld>

async function withWorld(options: WorldOptions, test: (world: World) => Promise<void>) {
  const world = createWorld(options)
  try {
    await test(world)
  } finally {
    await world.stop()
  }
}

function connectAll(world: World, height: number) {
  for (const name of ['backup-1', 'backup-2', 'backup-3']) world.peers.set(name, holder(height))
}

describe('recovery runner, beside its rounds', () => {
  it('waits the quiet time anew for every block that gossip brings: another sequencer builds', async () => {
    await withWorld({}, async (world) => {
      connectAll(world, 10)
      const reasons = new Set<string>()
      world.start()
      for (let height = 11; height <= 20; height++) {
        await world.clock.advance(3_000)
        const block = testBlock(height)
        await world.chain.accepted.accept([block])
        connectAll(world, height)
        world.recovery.onAccepted(block, 'backup-1')
        await world.clock.advance(0)
        assert.equal(world.gate.state().kind, 'shut', `block ${String(height)} has just come`)
        const action = world.recovery.status().blockAction
        reasons.add(action?.action === 'wait' ? action.reason.code : String(action?.action))
      }
      assert.ok(reasons.has('another-sequencer'), [...reasons].join())
    })
  })

  it('does not open on a head above which a block came while the record was being written', async () => {
    await withWorld({ record: { kind: 'good', tip: ref(10) } }, async (world) => {
      connectAll(world, 10)
      world.hooks.onAdopt = async () => {
        world.hooks.onAdopt = undefined
        await world.chain.accepted.accept([testBlock(11)])
        world.recovery.onAccepted(testBlock(11), 'backup-1')
      }
      world.start()
      await world.clock.advance(0)
      assert.notDeepEqual(world.gate.state(), { kind: 'open', on: ref(10) })
      connectAll(world, 11)
      await world.clock.advance(20_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(11) })
    })
  })

  it('does not open on what was said before the process stood still', async () => {
    await withWorld({ record: { kind: 'good', tip: ref(10) } }, async (world) => {
      connectAll(world, 10)
      world.hooks.onAdopt = async () => {
        world.hooks.onAdopt = undefined
        connectAll(world, 11)
        world.recovery.onFault('process-paused')
        return Promise.resolve()
      }
      world.start()
      await world.clock.advance(0)
      assert.notDeepEqual(world.gate.state(), { kind: 'open', on: ref(10) })
      await world.clock.advance(20_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(11) })
    })
  })

  it('asks a peer again that went and came back, though a round that it was in ended in between', async () => {
    await withWorld({ role: 'backup', backups: [] }, async (world) => {
      const cut = Promise.withResolvers<never>()
      world.peers.set('backup-1', () => cut.promise)
      world.start()
      await world.clock.advance(0)
      world.peers.delete('backup-1')
      world.recovery.onPeersChanged()
      cut.reject(new Error('the connection is gone'))
      await world.clock.advance(0)
      let askedCount = 0
      world.peers.set('backup-1', async (head) => {
        askedCount++
        return holder(10)(head)
      })
      world.recovery.onPeersChanged()
      await world.clock.advance(0)
      assert.equal(askedCount, 1)
    })
  })

  it('does not count a round in which the process stood still', async () => {
    await withWorld({ record: { kind: 'good', tip: ref(10) } }, async (world) => {
      connectAll(world, 10)
      const late = lateHolder(10)
      world.peers.set('backup-3', late.peer)
      world.start()
      await world.clock.advance(2_000)
      world.recovery.onFault('process-paused')
      connectAll(world, 11)
      late.letGo()
      await world.clock.advance(0)
      assert.notDeepEqual(world.gate.state(), { kind: 'open', on: ref(10) })
      await world.clock.advance(20_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(11) })
    })
  })

  it('asks anew after such a round also where no quorum is needed', async () => {
    await withWorld({ quorum: 'none' }, async (world) => {
      connectAll(world, 10)
      const late = lateHolder(10)
      world.peers.set('backup-3', late.peer)
      world.start()
      await world.clock.advance(2_000)
      world.recovery.onFault('process-paused')
      connectAll(world, 11)
      late.letGo()
      await world.clock.advance(20_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(11) })
    })
  })

  it('asks a peer that connects while the gate is open, and shuts it when that one holds another block', async () => {
    await withWorld({ record: { kind: 'good', tip: ref(10) } }, async (world) => {
      world.peers.set('backup-1', holder(10))
      world.peers.set('backup-2', holder(10))
      world.start()
      await world.clock.advance(0)
      assert.equal(world.gate.state().kind, 'open')
      world.peers.set('backup-3', holder(11, 'b', 'a'))
      world.recovery.onPeersChanged()
      await world.clock.advance(0)
      assert.deepEqual(world.gate.state(), { kind: 'shut', reason: 'foreign-block' })
    })
  })

  for (const [what, first] of [
    ['could not be reached', () => Promise.reject(new Error('closed'))],
    ['could not say yet', () => ({ relation: 'unavailable', reason: 'joining' })]
  ] as readonly (readonly [string, TestPeer])[]) {
    it(`asks a peer again that ${what} when the gate opened, and shuts it for what that one holds`, async () => {
      await withWorld({ record: { kind: 'good', tip: ref(10) } }, async (world) => {
        world.peers.set('backup-1', holder(10))
        world.peers.set('backup-2', holder(10))
        world.peers.set('backup-3', first)
        world.start()
        await world.clock.advance(1_000)
        assert.equal(world.gate.state().kind, 'open')
        await world.clock.advance(60_000)
        assert.equal(world.gate.state().kind, 'open', 'silence alone shuts nothing')
        world.peers.set('backup-3', holder(11, 'b', 'a'))
        await world.clock.advance(31_000)
        assert.deepEqual(world.gate.state(), { kind: 'shut', reason: 'foreign-block' })
      })
    })
  }

  it('asks nobody again who has answered', async () => {
    await withWorld({ record: { kind: 'good', tip: ref(10) } }, async (world) => {
      let askedCount = 0
      for (const name of ['backup-1', 'backup-2', 'backup-3']) {
        world.peers.set(name, (head) => {
          askedCount++
          return holder(10)(head)
        })
      }
      world.start()
      await world.clock.advance(1_000)
      assert.equal(world.gate.state().kind, 'open')
      const before = askedCount
      await world.clock.advance(120_000)
      assert.equal(askedCount, before)
    })
  })

  it('leaves the gate open for a peer that connects and agrees', async () => {
    await withWorld({ record: { kind: 'good', tip: ref(10) } }, async (world) => {
      world.peers.set('backup-1', holder(10))
      world.peers.set('backup-2', holder(10))
      world.start()
      await world.clock.advance(0)
      world.peers.set('backup-3', holder(10))
      world.recovery.onPeersChanged()
      await world.clock.advance(1_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(10) })
    })
  })

  it('asks whoever is connected also where no quorum is needed', async () => {
    await withWorld({ quorum: 'none' }, async (world) => {
      connectAll(world, 11)
      world.start()
      await world.clock.advance(20_000)
      assert.deepEqual(world.applied, [ref(11).hash])
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(11) })
    })
  })

  it('gives configured peers five seconds to connect where no quorum is needed', async () => {
    await withWorld({ quorum: 'none' }, async (world) => {
      world.start()
      await world.clock.advance(4_900)
      assert.equal(world.gate.state().kind, 'shut')
      await world.clock.advance(6_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(10) })
    })
  })

  it('tries a gap again that nobody served at first', async () => {
    await withWorld({}, async (world) => {
      connectAll(world, 13)
      world.start()
      await world.clock.advance(1_000)
      assert.equal(world.recovery.status().blockAction?.action, 'stay-shut-gap')
      world.served.set('backup-1', [testBlock(11), testBlock(12), testBlock(13)])
      await world.clock.advance(10_000)
      assert.deepEqual(world.applied, [ref(11).hash, ref(12).hash, ref(13).hash])
    })
  })

  it('finds a conflict again that lies in the store below its head', async () => {
    await withWorld({ acceptedAtStart: [testBlock(9, 'b', 'a')] }, async (world) => {
      connectAll(world, 10)
      world.start()
      await world.clock.advance(20_000)
      assert.equal(world.recovery.status().blockAction?.action, 'stay-shut-conflict')
      assert.equal(world.gate.state().kind, 'shut')
    })
  })

  it('takes blocks while a stranger that connected does not answer, and its answer when it comes', async () => {
    await withWorld({ role: 'backup' }, async (world) => {
      connectAll(world, 10)
      world.start()
      await world.clock.advance(0)
      const late = lateHolder(13)
      world.peers.set('stranger', late.peer)
      world.recovery.onPeersChanged()
      await world.clock.advance(0)
      for (const height of [11, 12]) {
        await world.chain.accepted.accept([testBlock(height)])
        world.recovery.onAccepted(testBlock(height), 'backup-1')
        await world.clock.advance(0)
        assert.equal(world.applied.at(-1), ref(height).hash)
      }
      late.letGo()
      await world.clock.advance(0)
      assert.equal(world.applied.at(-1), ref(13).hash)
    })
  })

  it('waits where a round beside its blocks finds no room, and takes the block that it brought later', async () => {
    await withWorld({ role: 'backup' }, async (world) => {
      connectAll(world, 10)
      world.start()
      await world.clock.advance(0)
      let failedCount = 0
      world.hooks.onAccept = async () => {
        if (failedCount++ === 0) throw new StoreError({ code: 'disk-full', path: 'chain' })
        return Promise.resolve()
      }
      world.peers.set('stranger', holder(11))
      world.recovery.onPeersChanged()
      await world.clock.advance(0)
      assert.deepEqual(
        world.logged.map(({ event }) => event),
        ['recovery-waits']
      )
      await world.clock.advance(10_000)
      assert.equal(world.applied.at(-1), ref(11).hash)
    })
  })

  it('asks the next newcomer once the round under way is over, and no second one meanwhile', async () => {
    await withWorld({ role: 'backup' }, async (world) => {
      connectAll(world, 10)
      world.start()
      await world.clock.advance(0)
      const late = lateHolder(10)
      world.peers.set('silent', late.peer)
      world.recovery.onPeersChanged()
      await world.clock.advance(0)
      let askedCount = 0
      world.peers.set('next', (head) => {
        askedCount++
        return holder(10)(head)
      })
      for (let count = 0; count < 10; count++) {
        world.recovery.onPeersChanged()
        await world.clock.advance(100)
      }
      assert.equal(askedCount, 0)
      late.letGo()
      await world.clock.advance(0)
      assert.equal(askedCount, 1)
      assert.equal(world.recovery.status().hasUnasked, false)
    })
  })

  it('keeps the branch a backup accepted first, however long another grows', async () => {
    await withWorld(
      { role: 'backup', acceptedAtStart: [testBlock(11, 'x', 'a')] },
      async (world) => {
        await world.chain.accepted.accept([testBlock(11, 'b', 'a'), testBlock(12, 'b', 'b')])
        world.start()
        await world.clock.advance(5_000)
        assert.deepEqual(world.applied, [ref(11, 'x').hash])
        assert.equal(world.recovery.status().conflicts.length, 1)
      }
    )
  })
})
