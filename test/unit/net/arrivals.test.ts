// What a connection has brought and gossip was not handed: no stage is passed over, and nothing comes after the last word.
import assert from 'node:assert/strict'
import { Arrivals, HostArrivals, untilDrained } from '../../../src/net/arrivals.ts'
import { frameRpc } from '../../../protocols/conformance/gossip-wire.ts'

const FRAME_MAX_BYTES = 1_000
const RPC = frameRpc(new Uint8Array(10))

/** A reader as gossipsub is one: it asks for the next RPC when it has handed on the messages of the one before. */
async function readAll(rpcs: AsyncIterable<unknown>): Promise<number> {
  let count = 0
  for await (const rpc of rpcs) if (rpc !== undefined) count += 1
  return count
}

/** RPCs as they come out of a stream, and its end. */
function createSource() {
  const waiting: (() => void)[] = []
  const rpcs: number[] = []
  let hasEnded = false
  const wake = () => {
    for (const one of waiting.splice(0)) one()
  }
  async function* source() {
    for (;;) {
      const rpc = rpcs.shift()
      if (rpc !== undefined) yield rpc
      else if (hasEnded) return
      else {
        await new Promise<void>((resolve) => {
          waiting.push(resolve)
        })
      }
    }
  }
  return {
    source: source(),
    push: () => {
      rpcs.push(1)
      wake()
    },
    end: () => {
      hasEnded = true
      wake()
    }
  }
}

function createArrivals() {
  const state = { drained: 0, waitingBytes: 0, frameBytes: 1, retired: 0 }
  const arrivals = new Arrivals('a', 1, () => {
    state.drained += 1
  })
  arrivals.openDecryption(
    () => state.waitingBytes,
    () => {
      state.retired += 1
    }
  )
  arrivals.openFrames(() => state.frameBytes)
  return { arrivals, state }
}

/** Lets everything run that does not wait. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}

describe('the arrivals of a connection', () => {
  it('are drained after the last stage, and name the first that holds something before', async () => {
    const { arrivals, state } = createArrivals()
    const gossip = arrivals.openGossip(FRAME_MAX_BYTES)
    gossip.push(Buffer.concat([RPC, RPC, RPC.subarray(0, 5)]))
    state.waitingBytes = 30
    assert.equal(arrivals.heldIn, 'socket')
    arrivals.end('socket')
    assert.equal(arrivals.heldIn, 'decryption')
    arrivals.end('decryption')
    assert.equal(arrivals.heldIn, 'frames')
    arrivals.end('frames')
    assert.equal(arrivals.heldIn, 'gossip-streams')
    assert.equal(gossip.waitingCount, 2)
    const { source, push, end } = createSource()
    const read = readAll(gossip.count(source))
    push()
    await settled()
    assert.equal(gossip.waitingCount, 1)
    assert.equal(state.drained, 0)
    push()
    await settled()
    assert.equal(arrivals.heldIn, undefined)
    assert.equal(state.drained, 1)
    end()
    assert.equal(await read, 2)
    assert.equal(state.drained, 1)
  })

  it('hold an RPC until its messages were handed on, and not until it was read', async () => {
    const { arrivals } = createArrivals()
    const gossip = arrivals.openGossip(FRAME_MAX_BYTES)
    gossip.push(RPC)
    for (const stage of ['socket', 'decryption', 'frames'] as const) arrivals.end(stage)
    const { source, push, end } = createSource()
    const rpcs = gossip.count(source)
    push()
    await rpcs.next()
    assert.equal(arrivals.heldIn, 'gossip-streams')
    const next = rpcs.next()
    await settled()
    assert.equal(arrivals.heldIn, undefined)
    end()
    assert.equal((await next).done, true)
  })

  it('count RPCs that come byte by byte, and empty ones', () => {
    const { arrivals } = createArrivals()
    const gossip = arrivals.openGossip(FRAME_MAX_BYTES)
    for (const byte of Buffer.concat([RPC, Uint8Array.of(0), RPC])) gossip.push(Uint8Array.of(byte))
    assert.equal(gossip.waitingCount, 3)
  })

  it('wait for a stream that closed before gossipsub took it, and no longer for one that we aborted', async () => {
    for (const isAborted of [false, true]) {
      const { arrivals, state } = createArrivals()
      const gossip = arrivals.openGossip(FRAME_MAX_BYTES)
      gossip.push(RPC)
      gossip.close(isAborted)
      for (const stage of ['socket', 'decryption', 'frames'] as const) arrivals.end(stage)
      assert.equal(state.drained, isAborted ? 1 : 0)
      const { source, push } = createSource()
      push()
      const read = readAll(gossip.count(source))
      await settled()
      assert.equal(state.drained, 1)
      if (isAborted) assert.equal(await read, 0, 'what was given up never comes')
    }
  })

  it('wait for a reader of an aborted stream: it hands on what it has taken', async () => {
    const { arrivals, state } = createArrivals()
    const gossip = arrivals.openGossip(FRAME_MAX_BYTES)
    gossip.push(RPC)
    const { source, push, end } = createSource()
    const read = readAll(gossip.count(source))
    await settled()
    gossip.close(true)
    for (const stage of ['socket', 'decryption', 'frames'] as const) arrivals.end(stage)
    assert.equal(state.drained, 0)
    push()
    end()
    assert.equal(await read, 1)
    assert.equal(state.drained, 1)
  })
})

describe('arrivals that libp2p has not taken in time', () => {
  it('are given up: a muxer that comes then gets nothing', async () => {
    const arrivals = new Arrivals('a', 1, () => undefined, { giveUpMs: 1 })
    arrivals.end('socket')
    assert.equal(arrivals.heldIn, 'frames')
    await arrivals.drained
    assert.throws(() => {
      arrivals.openFrames(() => 1)
    }, /given up/)
  })

  it('are given up: a stream that is read then yields nothing', async () => {
    const arrivals = new Arrivals('a', 1, () => undefined, { giveUpMs: 1 })
    arrivals.openFrames(() => 1)
    const gossip = arrivals.openGossip(FRAME_MAX_BYTES)
    gossip.push(RPC)
    arrivals.end('socket')
    arrivals.end('frames')
    assert.equal(arrivals.heldIn, 'gossip-streams')
    await arrivals.drained
    const { source, push } = createSource()
    push()
    assert.equal(await readAll(gossip.count(source)), 0)
  })

  it('are waited for as long as a gate has work with them', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    const arrivals = new Arrivals('a', 1, () => undefined, { giveUpMs: 1 })
    let lookedCount = 0
    arrivals.openFrames(() => {
      lookedCount += 1
      if (lookedCount === 5) resolve(undefined)
      return 1
    })
    arrivals.end('socket')
    await promise
    assert.equal(arrivals.heldIn, 'frames')
    arrivals.end('frames')
    await arrivals.drained
  })
})

describe('the arrivals of a host', () => {
  it('tell the older connections of a peer that are not drained, however they ended', async () => {
    const host = new HostArrivals()
    const streams = ['a', 'b', 'a', 'a'].map((peer) => {
      const stream = {}
      const arrivals = host.open(peer)
      host.noteStream(stream, arrivals)
      return { stream, arrivals }
    })
    const [first, , third, fourth] = streams
    assert.ok(first !== undefined && third !== undefined && fourth !== undefined)
    assert.deepEqual(host.olderThan(third.stream), [first.arrivals])
    assert.deepEqual(host.olderThan(fourth.stream), [first.arrivals, third.arrivals])
    first.arrivals.end('socket')
    assert.deepEqual(host.olderThan(third.stream), [first.arrivals])
    first.arrivals.end('frames')
    assert.deepEqual(host.olderThan(third.stream), [])
    assert.throws(() => host.olderThan({}), /no connection of this host/)
  })

  it('are waited for no longer than asked, and go on', async () => {
    const host = new HostArrivals()
    const arrivals = host.open('a')
    const abort = new AbortController()
    const waiting = untilDrained([arrivals], abort.signal)
    abort.abort(new Error('too long'))
    await assert.rejects(waiting, /too long/)
    await assert.rejects(untilDrained([arrivals], abort.signal), /too long/)
    const again = untilDrained([arrivals], new AbortController().signal)
    arrivals.end('socket')
    arrivals.end('frames')
    await again
  })
})
