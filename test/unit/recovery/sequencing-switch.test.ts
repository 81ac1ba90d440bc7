// Stopping and starting by an operator's word, and the heights that the schedule gives to another key.
import assert from 'node:assert/strict'
import { SequencingError } from '../../../src/recovery/sequencing-switch.ts'
import { settle } from '../../support/manual-clock.ts'
import { ref } from './findings-fixture.ts'
import { createWorld, holder, lateHolder, testBlock, type WorldOptions } from './runner-fixture.ts'

type World = ReturnType<typeof createWorld>

/** A world with one backup that holds what we hold. */
async function withWorld(options: WorldOptions, test: (world: World) => Promise<void>) {
  const world = createWorld({ backups: ['a'], record: { kind: 'good', tip: ref(10) }, ...options })
  world.peers.set('a', holder(10))
  world.start()
  await world.clock.advance(0)
  try {
    await test(world)
  } finally {
    await world.stop()
  }
}

function refusal(work: () => void): unknown {
  try {
    work()
  } catch (thrown) {
    assert.ok(thrown instanceof SequencingError)
    return thrown.failure
  }
  return undefined
}

/** Another sequencer's block at 11, and the backup that holds it from then on. */
async function seeForeignBlock(world: World) {
  const foreign = testBlock(11, 'b', 'a')
  await world.chain.accepted.accept([foreign])
  world.peers.set('a', holder(11, 'b', 'a'))
  world.recovery.onAccepted(foreign, 'a')
  await settle()
}

describe('the sequencing switch', () => {
  it('shuts the gate at once and keeps it shut, and opens it again on the head', async () => {
    await withWorld({}, async ({ recovery: { sequencing }, gate, clock }) => {
      assert.equal(sequencing.isOn(), true)
      assert.equal(gate.state().kind, 'open')
      sequencing.stop()
      assert.deepEqual(gate.state(), { kind: 'shut', reason: 'sequencing-stopped' })
      assert.equal(sequencing.isOn(), false)
      await clock.advance(60_000)
      assert.deepEqual(gate.state(), { kind: 'shut', reason: 'sequencing-stopped' })
      sequencing.start(ref(10).hash)
      assert.equal(gate.state().kind, 'shut', 'recovery opens it, nobody else')
      await clock.advance(10_000)
      assert.deepEqual(gate.state(), { kind: 'open', on: ref(10) })
    })
  })

  it('asks everybody anew: a round that was under way when it was started counts for nothing', async () => {
    await withWorld({}, async (world) => {
      const { sequencing } = world.recovery
      const late = lateHolder(10)
      world.peers.set('a', late.peer)
      sequencing.stop()
      await world.clock.advance(1_000)
      world.peers.set('a', holder(11))
      sequencing.start(ref(10).hash)
      late.letGo()
      await world.clock.advance(20_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(11) })
    })
  })

  it('refuses to do what is done already, and to start on anything but the head', async () => {
    await withWorld({}, async ({ recovery: { sequencing }, gate, clock }) => {
      assert.deepEqual(
        refusal(() => {
          sequencing.start(ref(10).hash)
        }),
        { code: 'sequencing-is-on' }
      )
      sequencing.stop()
      assert.deepEqual(
        refusal(() => {
          sequencing.stop()
        }),
        { code: 'sequencing-is-off' }
      )
      const given = ref(9).hash
      assert.deepEqual(
        refusal(() => {
          sequencing.start(given)
        }),
        { code: 'not-the-head', given, head: ref(10) }
      )
      await clock.advance(10_000)
      assert.equal(gate.state().kind, 'shut')
    })
  })

  it('stays shut when it is stopped between the last answer and the opening', async () => {
    await withWorld({ quorum: 'all' }, async (world) => {
      world.recovery.onFault('process-paused')
      world.peers.set('a', () => {
        if (world.recovery.sequencing.isOn()) world.recovery.sequencing.stop()
        return { relation: 'same' }
      })
      await world.clock.advance(30_000)
      assert.deepEqual(world.gate.state(), { kind: 'shut', reason: 'sequencing-stopped' })
    })
  })

  it('follows the chain while stopped, and asks anew before it builds again', async () => {
    await withWorld({}, async (world) => {
      const { sequencing } = world.recovery
      sequencing.stop()
      world.peers.set('a', holder(12))
      world.served.set('a', [testBlock(11), testBlock(12)])
      await world.clock.advance(30_000)
      assert.deepEqual(world.head(), ref(12))
      world.peers.delete('a')
      sequencing.start(ref(12).hash)
      await world.clock.advance(30_000)
      const action = world.recovery.status().blockAction
      assert.deepEqual(action?.action === 'ask' && action.missing, ['a'])
      await world.connect('a', holder(12))
      await world.clock.advance(10_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(12) })
    })
  })

  it('lifts the latch of a foreign block, by the head that was taken over', async () => {
    await withWorld({}, async (world) => {
      const { sequencing } = world.recovery
      await seeForeignBlock(world)
      assert.deepEqual(world.gate.state(), { kind: 'shut', reason: 'foreign-block' })
      assert.equal(sequencing.isOn(), false, 'start is what it takes')
      await world.clock.advance(60_000)
      assert.equal(world.gate.state().kind, 'shut', 'it latches')
      assert.deepEqual(world.head(), ref(11, 'b'))
      assert.equal(
        (
          refusal(() => {
            sequencing.start(ref(10).hash)
          }) as { code: string }
        ).code,
        'not-the-head'
      )
      sequencing.start(ref(11, 'b').hash)
      await world.clock.advance(10_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(11, 'b') })
    })
  })
})

describe('the signer schedule', () => {
  it('keeps the gate of a key shut that is named only from a later block on, and opens it there', async () => {
    await withWorld({ turn: [13n, 100n], record: { kind: 'empty' } }, async (world) => {
      await world.clock.advance(60_000)
      assert.deepEqual(world.gate.state(), { kind: 'shut', reason: 'not-scheduled' })
      const bring = async (height: number) => {
        await world.chain.accepted.accept([testBlock(height)])
        world.peers.set('a', holder(height))
        world.recovery.onAccepted(testBlock(height), 'a')
        await settle()
      }
      await bring(11)
      await world.clock.advance(30_000)
      assert.deepEqual(world.head(), ref(11))
      assert.deepEqual(world.gate.state(), { kind: 'shut', reason: 'not-scheduled' })
      await bring(12)
      await world.clock.advance(30_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(12) })
    })
  })

  it('waits for its turn by that name however fast the other builds', async () => {
    await withWorld({ turn: [1_000n, 2_000n], record: { kind: 'empty' } }, async (world) => {
      for (let height = 11; height < 20; height++) {
        world.peers.set('a', holder(height))
        world.recovery.onPeersChanged()
        await world.clock.advance(5_000)
        assert.deepEqual(world.head(), ref(height))
        assert.deepEqual(world.gate.state(), { kind: 'shut', reason: 'not-scheduled' })
      }
    })
  })

  it('takes a block of the next period for a successor’s, not for another user of its key', async () => {
    await withWorld({ turn: [0n, 11n] }, async (world) => {
      assert.equal(world.gate.state().kind, 'open', '11 is ours')
      world.peers.set('a', holder(12))
      world.served.set('a', [testBlock(11)])
      await world.chain.accepted.accept([testBlock(12)])
      world.recovery.onAccepted(testBlock(12), 'a')
      await world.clock.advance(10_000)
      assert.deepEqual(world.head(), ref(12))
      assert.deepEqual(world.gate.state(), { kind: 'shut', reason: 'not-scheduled' })
      assert.equal(world.recovery.sequencing.isOn(), true, 'nothing is latched')
    })
  })
})
