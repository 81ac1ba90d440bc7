// Token buckets: per peer and in all, taken together or not at all.
import assert from 'node:assert/strict'
import { Quota } from '../../../src/peer/quota.ts'
import { createManualClock } from '../../support/manual-clock.ts'

describe('a quota', () => {
  const setUp = () => {
    const clock = createManualClock()
    const quota = new Quota(clock, {
      perPeer: { burstTokens: 10, tokensPerSecond: 2 },
      total: { burstTokens: 15, tokensPerSecond: 4 }
    })
    return { clock, quota }
  }

  it('gives a burst at once, and then says how long until the next', async () => {
    const { clock, quota } = setUp()
    assert.equal(quota.take('a', 10), 0)
    assert.equal(quota.take('a', 1), 500)
    await clock.advance(499)
    assert.equal(quota.take('a', 1), 1)
    await clock.advance(1)
    assert.equal(quota.take('a', 1), 0)
  })

  it('takes nothing from anybody when one of the two buckets lacks', () => {
    const { quota } = setUp()
    assert.equal(quota.take('a', 10), 0)
    assert.equal(quota.take('b', 6), 250, 'the total has 5 left')
    assert.equal(quota.take('b', 5), 0, 'and b lost nothing by asking')
    assert.equal(quota.take('a', 1), 500)
    assert.equal(quota.take('c', 1), 250)
  })

  it('fills up to its burst and no further', async () => {
    const { clock, quota } = setUp()
    assert.equal(quota.take('a', 10), 0)
    await clock.advance(1_000_000)
    assert.equal(quota.take('a', 10), 0)
    assert.ok(quota.take('a', 1) > 0)
  })

  it('charges below zero, and what was charged has to be earned back', async () => {
    const { clock, quota } = setUp()
    quota.charge('a', 20)
    assert.equal(quota.take('a', 1), 5_500)
    await clock.advance(5_500)
    assert.equal(quota.take('a', 1), 0)
  })
})
