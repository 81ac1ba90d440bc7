// Frames of a muxed connection: handed on whole and in order, in slices, and cut off where they are too many.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { FrameFlood, FrameGate } from '../../../src/net/frame-gate.ts'
import { SharedWork, type Worker } from '../../../src/net/shared-work.ts'
import { until } from '../../support/until.ts'
import { assertHandsOnAll } from './gate-fixture.ts'

const LIMITS = { dataMaxBytes: 1_000, idleFrames: { burstTokens: 100, tokensPerSecond: 10 } }
const WINDOW_UPDATE = 1
const PING = 2
const SYN = 1
const ACK = 2
const FIN = 4
const RST = 8

function frame(type: number, data = new Uint8Array(), streamId = 1, flags = 0): Buffer {
  const header = Buffer.alloc(12)
  header.writeUInt8(type, 1)
  header.writeUInt16BE(flags, 2)
  header.writeUInt32BE(streamId, 4)
  header.writeUInt32BE(data.length, 8)
  return Buffer.concat([header, data])
}

function gateOf(limits = LIMITS) {
  const passed: Uint8Array[] = []
  const time = { ms: 0 }
  const gate = new FrameGate(
    limits,
    (bytes) => passed.push(bytes.slice()),
    () => time.ms
  )
  return { gate, passed, time }
}

describe('a frame gate', () => {
  it('hands on every byte in order, however they come and however much goes at once', () => {
    const data = fc.uint8Array({ maxLength: 60 }).map((bytes) => frame(0, bytes))
    const frames = fc.array(fc.oneof(data, fc.constant(frame(PING))), { maxLength: 30 })
    assertHandsOnAll(gateOf, frames, 40)
  })

  it('hands on no more frames than it is told', () => {
    const { gate, passed } = gateOf()
    gate.push(Buffer.concat(Array.from({ length: 10 }, () => frame(PING))))
    assert.equal(gate.pump(4), 4)
    assert.equal(Buffer.concat(passed).length, 4 * 12)
    assert.ok(gate.isPending)
  })

  it('keeps a header that is not whole', () => {
    const { gate, passed } = gateOf()
    gate.push(frame(PING).subarray(0, 11))
    assert.equal(gate.pump(10), 0)
    assert.ok(!gate.isPending)
    gate.push(frame(PING).subarray(11))
    gate.pump(10)
    assert.deepEqual(Buffer.concat(passed), frame(PING))
  })

  it('refuses a frame that is longer than a window before a byte of it is kept', () => {
    const { gate, passed } = gateOf()
    gate.push(frame(0, new Uint8Array(1_001)).subarray(0, 12))
    assert.throws(() => gate.pump(10), FrameFlood)
    assert.deepEqual(passed, [])
  })

  it('refuses frames that carry nothing and answer nothing, beyond a rate', () => {
    const { gate, time } = gateOf()
    const send = (count: number) => {
      gate.push(Buffer.concat(Array.from({ length: count }, () => frame(PING))))
      gate.pump(1_000)
    }
    send(100)
    time.ms += 1_000
    send(10)
    for (const ours of [
      frame(0),
      frame(PING, new Uint8Array(), 0, SYN),
      frame(WINDOW_UPDATE, new Uint8Array(), 1, FIN)
    ]) {
      gate.onSent(ours)
    }
    send(6)
    assert.throws(() => {
      send(1)
    }, FrameFlood)
  })

  for (const [what, ours] of [
    ['a pong', frame(PING, new Uint8Array(), 0, ACK)],
    ['a reset', frame(WINDOW_UPDATE, new Uint8Array(), 1, RST)],
    ['a larger window', frame(WINDOW_UPDATE)]
  ] as const) {
    it(`takes ${what} of ours for no reason to send more`, () => {
      const { gate } = gateOf()
      for (let sent = 0; sent < 100; sent++) {
        gate.push(frame(PING))
        gate.pump(1_000)
        gate.onSent(ours)
      }
      gate.push(frame(PING))
      assert.throws(() => gate.pump(1_000), FrameFlood)
    })
  }

  it('lets bytes pay for their frames', () => {
    const { gate } = gateOf({ ...LIMITS, dataMaxBytes: 2_048 })
    for (let sent = 0; sent < 1_000; sent++) {
      gate.push(frame(0, new Uint8Array(1_024)))
      gate.pump(1_000)
    }
    assert.equal(gate.waitingBytes, 0)
  })
})

describe('shared work', () => {
  it('gives each connection its turn, and stops where the budget is spent', async () => {
    const time = { ms: 0 }
    const work = new SharedWork(
      { rate: { burstTokens: 20, tokensPerSecond: 1_000 }, sliceUnits: 5 },
      () => time.ms
    )
    const done: string[] = []
    const workers = ['a', 'b', 'c'].map((name): Worker => {
      const gate = new FrameGate(LIMITS, (bytes) => {
        for (let at = 0; at < bytes.length; at += 12) done.push(name)
      })
      gate.push(Buffer.concat(Array.from({ length: 10 }, () => frame(PING))))
      return { gate, onTurn: () => undefined }
    })
    for (const worker of workers) work.run(worker)
    assert.equal(done.join(''), 'aaaaabbbbbccccc')
    await until('the rest of the budget', () => done.length === 20)
    assert.equal(done.slice(15).join(''), 'aaaaa')
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(done.length, 20)
    time.ms += 1_000
    await until('the others', () => done.length === 30)
  })

  it('tells the owner of a connection that must go', () => {
    const work = new SharedWork({
      rate: { burstTokens: 20, tokensPerSecond: 1_000 },
      sliceUnits: 5
    })
    const gate = new FrameGate(LIMITS, () => undefined)
    gate.push(frame(0, new Uint8Array(1_001)))
    const failures: (string | undefined)[] = []
    work.run({ gate, onTurn: (failure) => failures.push(failure?.message) })
    assert.deepEqual(failures, ['a frame of 1001 bytes, of 1000 allowed'])
  })
})
