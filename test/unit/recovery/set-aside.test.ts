// What operators decided against: it matches no row, however a decision was interrupted.
import assert from 'node:assert/strict'
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

describe('giving up what nobody serves', () => {
  const recordBlocks = [testBlock(11), testBlock(12)]
  /** A node that was killed after the marks were written and before the record let go. */
  const interrupted = {
    record: { kind: 'good', tip: ref(12) },
    recordBlocks,
    setAsideAtStart: recordBlocks.map(({ hash }) => hash)
  } as const

  /** Three backups that agree on 10, and how often they are asked. */
  function connectAll(world: World): { count: number } {
    const asked = { count: 0 }
    for (const name of ['backup-1', 'backup-2', 'backup-3']) {
      world.peers.set(name, (head) => {
        asked.count++
        return holder(10)(head)
      })
    }
    return asked
  }

  it('stays a gap where it was interrupted, and asks nobody without a pause', async () => {
    await withWorld(interrupted, async (world) => {
      const asked = connectAll(world)
      world.start()
      await world.clock.advance(60_000)
      const action = world.recovery.status().blockAction
      assert.equal(action?.action, 'stay-shut-gap')
      assert.equal(action.failure.reason, 'it was set aside by an operator')
      assert.ok(asked.count < 150, `${String(asked.count)} questions in a minute`)
      assert.deepEqual([world.applied, world.published, world.released], [[], [], []])
      assert.equal(world.gate.state().kind, 'shut')
    })
  })

  it('ends where it was interrupted, by the same command', async () => {
    await withWorld({ ...interrupted, giveUpAbove: ref(10).hash }, async (world) => {
      connectAll(world)
      world.start()
      await world.clock.advance(10_000)
      assert.deepEqual(world.released, [10n])
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(10) })
    })
  })
})
