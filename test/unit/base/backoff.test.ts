// The pause after failures in a row.
import assert from 'node:assert/strict'
import { Backoff, backoffMs } from '../../../src/base/backoff.ts'

const RANGE = { minMs: 250, maxMs: 5_000 }

describe('a backoff', () => {
  it('doubles up to its longest pause, and begins anew after a reset', () => {
    const backoff = new Backoff(RANGE)
    const pauses = Array.from({ length: 7 }, () => backoff.next())
    assert.deepEqual(pauses, [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000])
    backoff.reset()
    assert.equal(backoff.next(), 250)
  })
  it('stays at its longest pause however often it failed', () => {
    assert.equal(backoffMs(RANGE, 1), 250)
    assert.equal(backoffMs(RANGE, 10_000), 5_000)
  })
})
