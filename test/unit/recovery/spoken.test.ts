// Peers that do not speak signed_tip, and peers named by an operator that have not spoken for their store yet.
import assert from 'node:assert/strict'
import { RequestError } from '../../../src/reqresp/request-error.ts'
import { ref } from './findings-fixture.ts'
import { createWorld, holder, type TestPeer, type WorldOptions } from './runner-fixture.ts'

type World = ReturnType<typeof createWorld>

async function withWorld(options: WorldOptions, test: (world: World) => Promise<void>) {
  const world = createWorld(options)
  try {
    await test(world)
  } finally {
    await world.stop()
  }
}

/** One that is counted; `answer` may be replaced. */
function countedPeer(answer: TestPeer): { askedCount: number; answer: TestPeer; ask: TestPeer } {
  const peer = {
    askedCount: 0,
    answer,
    ask(head: Parameters<TestPeer>[0]): ReturnType<TestPeer> {
      peer.askedCount++
      return peer.answer(head)
    }
  }
  return peer
}

const notSpoken = () =>
  Promise.reject(
    new RequestError({ code: 'unsupported-protocol', peer: 'p', protocol: 'signed_tip' })
  )
const unavailable = () =>
  Promise.resolve({ relation: 'unavailable', reason: 'it is joining' } as const)

describe('a peer that does not speak signed_tip', () => {
  it('is named so, is no answer, and is not asked again while the gate is open', async () => {
    await withWorld({ backups: ['backup-1'] }, async (world) => {
      const stranger = countedPeer(notSpoken)
      world.peers.set('stranger', stranger.ask)
      world.peers.set('backup-1', holder(10))
      world.start()
      await world.clock.advance(20_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(10) })
      assert.deepEqual(world.recovery.status().answers.get('stranger'), {
        kind: 'not-spoken',
        reason: 'it does not speak signed_tip'
      })
      const { askedCount } = stranger
      await world.clock.advance(600_000)
      assert.equal(stranger.askedCount, askedCount)
    })
  })

  it('is asked once while the gate is open when it says that it does and then does not', async () => {
    await withWorld({ backups: ['backup-1'] }, async (world) => {
      world.peers.set('backup-1', holder(10))
      world.start()
      await world.clock.advance(20_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(10) })
      const liar = countedPeer(() =>
        // A loop that never ends would keep the test from ending.
        liar.askedCount < 100 ? notSpoken() : new Promise(() => undefined)
      )
      world.peers.set('liar', liar.ask)
      world.recovery.onSpeaks('liar')
      world.recovery.onPeersChanged()
      await world.clock.advance(20_000)
      assert.equal(liar.askedCount, 1)
      world.recovery.onSpeaks('liar')
      await world.clock.advance(20_000)
      assert.equal(liar.askedCount, 2)
    })
  })

  it('as a backup of the quorum keeps the gate shut, and is asked on whatever it says', async () => {
    await withWorld({ backups: ['backup-1'] }, async (world) => {
      const backup = countedPeer(notSpoken)
      world.peers.set('backup-1', backup.ask)
      world.start()
      await world.clock.advance(60_000)
      assert.equal(world.gate.state().kind, 'shut')
      assert.ok(backup.askedCount > 10, String(backup.askedCount))
      backup.answer = holder(10)
      await world.clock.advance(20_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(10) })
    })
  })

  it('is asked once more when it says that it does, the gate open or not', async () => {
    await withWorld({ backups: ['backup-1'] }, async (world) => {
      const stranger = countedPeer(notSpoken)
      world.peers.set('stranger', stranger.ask)
      world.peers.set('backup-1', holder(10))
      world.start()
      await world.clock.advance(20_000)
      const { askedCount } = stranger
      stranger.answer = holder(10)
      for (let again = 0; again < 3; again++) {
        world.recovery.onSpeaks('stranger')
        await world.clock.advance(60_000)
        assert.equal(stranger.askedCount, askedCount + 1, 'one that has answered is not asked')
      }
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(10) })
    })
  })

  it('is asked once more though it said so while the round that it refused was under way', async () => {
    await withWorld({ role: 'backup', backups: [] }, async (world) => {
      const slow = Promise.withResolvers<never>()
      const late = countedPeer(notSpoken)
      world.peers.set('slow', () => slow.promise)
      world.peers.set('late', late.ask)
      world.start()
      await world.clock.advance(0)
      late.answer = holder(10)
      world.recovery.onSpeaks('late')
      slow.reject(new Error('the connection is gone'))
      await world.clock.advance(0)
      assert.equal(late.askedCount, 2)
      assert.ok(world.recovery.status().heard.has('late'))
    })
  })
})

describe('a backup of whose named peers none has spoken', () => {
  const options = { role: 'backup', backups: [], configuredPeers: ['sequencer'] } as const

  it('asks on with a bounded pause until one has, and no more after that', async () => {
    await withWorld(options, async (world) => {
      const sequencer = countedPeer(unavailable)
      world.peers.set('sequencer', sequencer.ask)
      world.peers.set('stranger', holder(10))
      world.start()
      await world.clock.advance(100_000)
      assert.deepEqual([...world.recovery.status().heard], ['stranger'])
      // 0, 0.5, 1.5, 3.5, 7.5, 15.5, and every 10 s from there on.
      assert.equal(sequencer.askedCount, 14)
      sequencer.answer = holder(10)
      await world.clock.advance(10_000)
      assert.ok(world.recovery.status().heard.has('sequencer'))
      const { askedCount } = sequencer
      await world.clock.advance(600_000)
      assert.equal(sequencer.askedCount, askedCount)
    })
  })

  it('does not count one that has gone since as having spoken', async () => {
    await withWorld(options, async (world) => {
      world.peers.set('sequencer', holder(10))
      world.start()
      await world.clock.advance(0)
      assert.ok(world.recovery.status().heard.has('sequencer'))
      world.peers.delete('sequencer')
      world.recovery.onPeersChanged()
      assert.equal(world.recovery.status().heard.size, 0)
    })
  })
})
