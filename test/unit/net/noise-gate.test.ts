// Messages of noise below their cipher: handed on in order and in slices, and refused where none can be that short.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { FrameFlood } from '../../../src/net/frame-gate.ts'
import { NoiseGate } from '../../../src/net/noise-gate.ts'
import { assertHandsOnAll } from './gate-fixture.ts'

const SHORTEST_BYTES = 16

function message(length: number): Buffer {
  const bytes = Buffer.alloc(2 + length, length)
  bytes.writeUInt16BE(length)
  return bytes
}

function gateOf() {
  const passed: Uint8Array[] = []
  const state = { isHeld: false }
  const gate = new NoiseGate(
    (bytes) => passed.push(bytes.slice()),
    () => state.isHeld
  )
  return { gate, passed, state }
}

describe('a noise gate', () => {
  it('hands on every byte in order, however they come and however much goes at once', () => {
    const lengths = fc.array(fc.integer({ min: SHORTEST_BYTES, max: 600 }), { maxLength: 20 })
    assertHandsOnAll(
      gateOf,
      lengths.map((all) => all.map(message)),
      90
    )
  })

  it('hands on two small messages a unit, and the rest in later turns', () => {
    const { gate, passed } = gateOf()
    gate.push(Buffer.concat(Array.from({ length: 100 }, () => message(17))))
    assert.equal(gate.pump(4), 4)
    assert.equal(Buffer.concat(passed).length, 8 * 19)
    assert.ok(gate.isPending)
  })

  for (const [what, cut] of [
    ['in one read', 2 ** 16],
    ['byte by byte', 1]
  ] as const) {
    it(`refuses messages without a byte ${what}, none of them looked at twice`, () => {
      const { gate, passed } = gateOf()
      const zeros = new Uint8Array(2 ** 16)
      assert.throws(() => {
        for (let at = 0; at < zeros.length; at += cut) {
          gate.push(zeros.subarray(at, at + cut))
          gate.pump(64)
        }
      }, FrameFlood)
      assert.ok(Buffer.concat(passed).length < 2)
    })
  }

  it('refuses a message that is shorter than its tag', () => {
    const { gate, passed } = gateOf()
    gate.push(message(SHORTEST_BYTES))
    gate.push(message(SHORTEST_BYTES - 1))
    assert.throws(() => gate.pump(64), /a message of noise of 15 bytes, of 16 at least/)
    assert.deepEqual(Buffer.concat(passed), message(SHORTEST_BYTES))
  })

  it('keeps all while it is held', () => {
    const { gate, passed, state } = gateOf()
    gate.push(message(100))
    state.isHeld = true
    assert.equal(gate.pump(64), 0)
    assert.ok(!gate.isPending)
    assert.deepEqual(passed, [])
    state.isHeld = false
    assert.ok(gate.isPending)
    gate.pump(64)
    assert.deepEqual(Buffer.concat(passed), message(100))
  })
})
