// Receipts in memory: the newest ones, as many as the bound holds.
import assert from 'node:assert/strict'
import { type Hex } from '../../../src/base/bytes.ts'
import { ReceiptCache } from '../../../src/chain/stored/receipt-cache.ts'

const hash = (at: number): Hex => `0x${at.toString(16).padStart(64, '0')}`

function held(cache: ReceiptCache): readonly number[] {
  return Array.from({ length: 200 }, (_, at) => at).filter(
    (at) => cache.get(hash(at)) !== undefined
  )
}

describe('cached receipts', () => {
  it('are those of the newest blocks, and those that are read stay', () => {
    const cache = new ReceiptCache()
    for (let at = 0; at < 64; at++) cache.set(hash(at), Uint8Array.of(at))
    assert.deepEqual(cache.get(hash(0)), Uint8Array.of(0))
    cache.set(hash(64), Uint8Array.of(64))
    assert.equal(held(cache).length, 64)
    assert.deepEqual([cache.get(hash(0)) !== undefined, cache.get(hash(1))], [true, undefined])
  })

  it('are bounded by what they hold', () => {
    const cache = new ReceiptCache({ maxBytes: 100_000 })
    for (let at = 0; at < 20; at++) cache.set(hash(at), new Uint8Array(19_000))
    assert.deepEqual(held(cache), [15, 16, 17, 18, 19])
    cache.set(hash(19), new Uint8Array(100)) // in place of its own
    cache.set(hash(20), new Uint8Array(100))
    assert.deepEqual(held(cache), [15, 16, 17, 18, 19, 20])
  })

  it('are at least those of the block that came last', () => {
    const cache = new ReceiptCache({ maxBytes: 1_000 })
    cache.set(hash(1), new Uint8Array(100))
    cache.set(hash(2), new Uint8Array(5_000))
    assert.deepEqual(held(cache), [2])
    cache.set(hash(3), new Uint8Array(10))
    assert.deepEqual(held(cache), [3])
  })
})
