// Shared bytes: what small holders always have, and who gives way when there are no more.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { ByteLedger } from '../../../src/rpc/byte-ledger.ts'

function createLedger() {
  const ledger = new ByteLedger({ totalMaxBytes: 100, freeBytes: 10 })
  const lost: string[] = []
  const lease = (name: string) => ledger.lease(() => lost.push(name))
  return { ledger, lost, lease }
}

describe('a ledger of bytes', () => {
  it('counts what each holds beyond what is free', () => {
    const { ledger, lease } = createLedger()
    const one = lease('one')
    assert.ok(one.grow(10))
    assert.equal(ledger.totalBytes, 0)
    assert.ok(one.grow(50))
    assert.equal(ledger.totalBytes, 50)
    one.shrink(45)
    assert.equal(ledger.totalBytes, 5)
    one.release()
    assert.equal(ledger.totalBytes, 0)
    assert.equal(one.grow(1), false)
  })

  it('takes all from the largest for one that holds less', () => {
    const { ledger, lost, lease } = createLedger()
    const [large, small] = [lease('large'), lease('small')]
    assert.ok(large.grow(100))
    assert.ok(small.grow(30))
    assert.deepEqual(lost, ['large'])
    assert.equal(ledger.totalBytes, 20)
    assert.equal(large.grow(1), false)
  })

  it('refuses the largest, which keeps what it has', () => {
    const { ledger, lost, lease } = createLedger()
    const [large, small] = [lease('large'), lease('small')]
    assert.ok(small.grow(40))
    assert.ok(large.grow(60))
    assert.equal(large.grow(30), false)
    assert.equal(ledger.totalBytes, 80)
    assert.deepEqual(lost, [])
    assert.ok(lease('new').grow(10), 'what is free is there for everybody')
  })

  it('never holds more than its bound, whatever is asked', () => {
    const steps = fc.array(fc.record({ at: fc.nat(4), bytes: fc.integer({ min: -40, max: 60 }) }))
    fc.assert(
      fc.property(steps, (asked) => {
        const { ledger, lease } = createLedger()
        const leases = [0, 1, 2, 3, 4].map((at) => lease(String(at)))
        for (const { at, bytes } of asked) {
          if (bytes < 0) leases[at]!.shrink(-bytes)
          else leases[at]!.grow(bytes)
          assert.ok(ledger.totalBytes >= 0 && ledger.totalBytes <= 100)
        }
        for (const one of leases) one.release()
        assert.equal(ledger.totalBytes, 0)
      })
    )
  })
})
