// What every gate of bytes keeps to: all bytes are handed on, in order, however they come.
import assert from 'node:assert/strict'
import fc from 'fast-check'

/** A gate under test, and what it handed on so far. */
export interface TestGate {
  readonly gate: {
    readonly isPending: boolean
    readonly waitingBytes: number
    push(bytes: Uint8Array): void
    pump(unitsMax: number): number
  }
  readonly passed: readonly Uint8Array[]
}

/** Tries it with whole messages that come cut anywhere, at most `cutMax` bytes at once. */
export function assertHandsOnAll(
  create: () => TestGate,
  messages: fc.Arbitrary<readonly Uint8Array[]>,
  cutMax: number
): void {
  const cuts = fc.array(fc.integer({ min: 1, max: cutMax }), { minLength: 1 })
  fc.assert(
    fc.property(messages, cuts, fc.integer({ min: 1, max: 5 }), (sent, lengths, units) => {
      const bytes = Buffer.concat(sent)
      const { gate, passed } = create()
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const length = lengths[turn % lengths.length]!
        gate.push(bytes.subarray(at, at + length))
        at += length
        gate.pump(units)
      }
      for (let turns = 0; gate.isPending; turns++) {
        assert.ok(turns < 100, 'it comes to an end')
        gate.pump(units)
      }
      assert.deepEqual(Buffer.concat(passed), bytes)
      assert.equal(gate.waitingBytes, 0)
    })
  )
}
