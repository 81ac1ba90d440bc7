// Two branches under one key: what is kept of them, at whatever height they part, and who goes on.
import assert from 'node:assert/strict'
import { type SignedBlock } from '../../../src/chain/blocks/block.ts'
import { ref } from './findings-fixture.ts'
import { createWorld, holder, testBlock, type WorldOptions } from './runner-fixture.ts'

type World = ReturnType<typeof createWorld>

const BACKUPS = ['backup-1', 'backup-2', 'backup-3']

async function withWorld(options: WorldOptions, test: (world: World) => Promise<void>) {
  const world = createWorld(options)
  try {
    await test(world)
  } finally {
    await world.stop()
  }
}

function conflictsOf(world: World) {
  return world.recovery.status().conflicts.map(({ ours, other }) => [ours.hash, other.hash])
}

describe('a conflict', () => {
  it('is kept as evidence when a peer shows a block beside our chain, at or below our head', async () => {
    for (const [relation, height] of [
      ['conflict', 10],
      ['behind', 9]
    ] as const) {
      await withWorld({}, async (world) => {
        const other = testBlock(height, 'b')
        world.peers.set('backup-1', () => ({ relation, block: other }))
        world.peers.set('backup-2', holder(10))
        world.start()
        await world.clock.advance(0)
        assert.equal(world.recovery.status().blockAction?.action, 'stay-shut-conflict')
        assert.equal(world.chain.accepted.acceptedBlock(other.hash)?.hash, other.hash)
      })
    }
  })

  it('keeps both sides, also the one that only our record has', async () => {
    const recordBlocks = [testBlock(11)]
    await withWorld({ record: { kind: 'good', tip: ref(11) }, recordBlocks }, async (world) => {
      for (const name of BACKUPS) world.peers.set(name, holder(11, 'b', 'a'))
      world.start()
      await world.clock.advance(0)
      assert.deepEqual(conflictsOf(world), [[ref(11).hash, ref(11, 'b').hash]])
      for (const branch of ['a', 'b']) {
        const { hash } = ref(11, branch)
        assert.equal(
          world.chain.accepted.acceptedBlock(hash)?.hash,
          hash,
          `the block of branch ${branch}`
        )
      }
    })
  })

  /** Both stand on block 11; the second one is longer. */
  const shared = testBlock(11)
  const first = testBlock(12)
  const second = [testBlock(12, 'b', 'a'), testBlock(13, 'b')]

  it('stops a sequencer before it takes either branch above the block where they part', async () => {
    await withWorld({}, async (world) => {
      world.served.set('backup-1', [shared, first])
      world.served.set('backup-2', [shared, ...second])
      world.peers.set('backup-1', () => ({ relation: 'ahead', block: first }))
      world.peers.set('backup-2', () => ({ relation: 'ahead', block: second[1]! }))
      world.start()
      await world.clock.advance(30_000)
      assert.deepEqual(world.applied.slice(1), [])
      assert.equal(world.recovery.status().blockAction?.action, 'stay-shut-conflict')
      assert.deepEqual(conflictsOf(world), [[ref(12).hash, ref(12, 'b').hash]])
    })
  })

  it('leaves a backup on the branch whose block at the fork it accepted first', async () => {
    const acceptedAtStart = [shared, first, ...second]
    await withWorld({ role: 'backup', backups: [], acceptedAtStart }, async (world) => {
      world.start()
      await world.clock.advance(30_000)
      assert.deepEqual(world.head(), ref(12))
      assert.deepEqual(conflictsOf(world)[0], [ref(12).hash, ref(12, 'b').hash])
    })
  })

  it('is seen where only a later block of the other branch is held', async () => {
    await withWorld({ acceptedAtStart: [testBlock(12, 'c')] }, async (world) => {
      world.served.set('backup-1', [shared, first, testBlock(13)])
      for (const name of BACKUPS) world.peers.set(name, holder(13))
      world.start()
      await world.clock.advance(30_000)
      assert.equal(world.gate.state().kind, 'shut')
      assert.equal(world.recovery.status().blockAction?.action, 'stay-shut-conflict')
    })
  })

  /** Gossip brings this block while another one is being applied. */
  function bringWhileApplied(world: World, number: bigint, block: SignedBlock): void {
    world.hooks.onApply = async (applied) => {
      if (applied.number !== number) return
      await world.chain.accepted.accept([block])
      world.recovery.onAccepted(block, 'gossip')
    }
  }

  it('is seen where a block comes beside those that are being applied, above the head that there is', async () => {
    await withWorld({}, async (world) => {
      const path = [shared, first, testBlock(13)]
      world.served.set('backup-1', path)
      for (const name of BACKUPS) world.peers.set(name, holder(13))
      bringWhileApplied(world, 11n, testBlock(12, 'b', 'a'))
      world.start()
      await world.clock.advance(60_000)
      assert.deepEqual(world.head(), ref(13))
      assert.equal(world.recovery.status().blockAction?.action, 'stay-shut-conflict')
      assert.deepEqual(conflictsOf(world), [[ref(12).hash, ref(12, 'b').hash]])
    })
  })

  it('keeps back what our record alone has, though it shows up only while that is applied', async () => {
    const recordBlocks = [shared, first]
    await withWorld({ record: { kind: 'good', tip: ref(12) }, recordBlocks }, async (world) => {
      for (const name of BACKUPS) world.peers.set(name, holder(10))
      bringWhileApplied(world, 11n, testBlock(12, 'b', 'a'))
      world.start()
      await world.clock.advance(60_000)
      assert.deepEqual(world.published, [])
      assert.equal(world.recovery.status().blockAction?.action, 'stay-shut-conflict')
    })
  })
})
