// Token buckets: full at first, filled by time, in debt when more was taken, never above the burst.
import assert from 'node:assert/strict'
import { TokenBucket } from '../../../src/base/token-bucket.ts'

describe('a token bucket', () => {
  const bucketOf = () => new TokenBucket({ burstTokens: 10, tokensPerSecond: 2 }, 1_000)

  it('is full at first, and says how long more tokens take', () => {
    const bucket = bucketOf()
    assert.equal(bucket.tokens(1_000), 10)
    assert.equal(bucket.waitMs(10, 1_000), 0)
    assert.equal(bucket.waitMs(11, 1_000), 500)
  })

  it('fills by its rate, and no further than its burst', () => {
    const bucket = bucketOf()
    bucket.take(10)
    assert.equal(bucket.tokens(1_750), 1.5)
    assert.equal(bucket.waitMs(2, 1_750), 250)
    assert.equal(bucket.tokens(2_000), 2)
    assert.equal(bucket.tokens(60_000), 10)
  })

  it('owes what was taken beyond what it had', () => {
    const bucket = bucketOf()
    bucket.take(14)
    assert.equal(bucket.tokens(1_000), -4)
    assert.equal(bucket.waitMs(0, 1_000), 2_000)
    assert.equal(bucket.tokens(3_000), 0)
  })

  it('takes tokens back, up to its burst', () => {
    const bucket = bucketOf()
    bucket.take(3)
    bucket.take(-1)
    assert.equal(bucket.tokens(1_000), 8)
    bucket.take(-100)
    assert.equal(bucket.tokens(1_000), 10)
  })
})
