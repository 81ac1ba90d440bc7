// What is sent again to a configured peer, and for how long, by either clock.
import assert from 'node:assert/strict'
import { type GossipSub } from '@chainsafe/libp2p-gossipsub'
import { type OutboundStream } from '../../../src/net/gossip-internals.ts'
import { createGossipReplay, REPLAY_MAX_MESSAGES } from '../../../src/net/gossip-replay.ts'
import { settle } from '../../support/manual-clock.ts'

const TOPIC = 'blocks'
const YOUNG_MS = 50_000

function createMesh() {
  const time = { wallMs: 1_000_000, monotonicMs: 0 }
  const sent: { readonly peer: string; readonly data: Uint8Array }[] = []
  const internals: Parameters<typeof createGossipReplay>[1] = {
    direct: new Set(['backup']),
    streamsOutbound: new Map<string, OutboundStream>(),
    sendRpc(peer, { messages }) {
      for (const { data } of messages) sent.push({ peer, data })
      return true
    }
  }
  // Only what replaying touches, of a class with private members, which no stub can have.
  const pubsub = Object.assign(new EventTarget(), {
    getSubscribers: () => ['backup', 'stranger']
  }) as unknown as GossipSub
  const clock = {
    nowMs: () => time.wallMs,
    monotonicMs: () => time.monotonicMs,
    sleep: () => Promise.resolve()
  }
  return {
    time,
    sent,
    replay: createGossipReplay({ clock, pubsub }, internals),
    open: async (peer: string) => {
      sent.length = 0
      internals.streamsOutbound.set(peer, {} as OutboundStream)
      await settle()
      return sent.map(({ data }) => data[0])
    }
  }
}

function message(id: number) {
  return { topic: TOPIC, data: Uint8Array.of(id) }
}

const everybody = new Set(['backup'])

describe('gossip that is sent again', () => {
  it('goes in its order to a configured peer whose stream opens, and to no other', async () => {
    const { replay, open } = createMesh()
    replay.add(message(1), YOUNG_MS, everybody)
    replay.add(message(2), YOUNG_MS, everybody)
    assert.deepEqual(await open('backup'), [1, 2])
    assert.deepEqual(await open('stranger'), [])
  })

  it('goes at once to a configured peer that did not get it', () => {
    const { replay, sent } = createMesh()
    replay.add(message(1), YOUNG_MS, new Set())
    assert.deepEqual(
      sent.map(({ peer }) => peer),
      ['backup']
    )
  })

  for (const [what, passed] of [
    ['when its time has passed', { wallMs: YOUNG_MS + 1, monotonicMs: YOUNG_MS + 1 }],
    ['when the machine was suspended meanwhile', { wallMs: YOUNG_MS + 1, monotonicMs: 10 }],
    ['when the wall clock was put back meanwhile', { wallMs: -5_000, monotonicMs: YOUNG_MS + 1 }]
  ] as const) {
    it(`is let go of ${what}`, async () => {
      const { replay, open, time } = createMesh()
      replay.add(message(1), YOUNG_MS, everybody)
      time.wallMs += passed.wallMs
      time.monotonicMs += passed.monotonicMs
      replay.add(message(2), YOUNG_MS, everybody)
      assert.deepEqual(await open('backup'), [2])
    })
  }

  it('is the last few alone', async () => {
    const { replay, open } = createMesh()
    for (let id = 0; id <= REPLAY_MAX_MESSAGES; id++) replay.add(message(id), YOUNG_MS, everybody)
    const ids = await open('backup')
    assert.equal(ids.length, REPLAY_MAX_MESSAGES)
    assert.equal(ids.at(-1), REPLAY_MAX_MESSAGES)
  })
})
