// Receipts in memory: the newest ones, as many as the bound holds.
import assert from 'node:assert/strict'
import { type Hex } from '../../../src/base/bytes.ts'
import { ReceiptCache } from '../../../src/chain/stored/receipt-cache.ts'
import { type Receipt } from '../../../src/chain/blocks/receipt.ts'

const hash = (at: number): Hex => `0x${at.toString(16).padStart(64, '0')}`

/** One receipt with so many logs of 100 bytes. */
function receiptsOf(logsCount: number): readonly Receipt[] {
  const log = { address: new Uint8Array(20), topics: [], data: new Uint8Array(100) }
  const logs = Array.from({ length: logsCount }, () => log)
  return [{ type: 2, status: 1, cumulativeGasUsed: 21_000n, logsBloom: new Uint8Array(256), logs }]
}

function held(cache: ReceiptCache): readonly number[] {
  return Array.from({ length: 200 }, (_, at) => at).filter(
    (at) => cache.get(hash(at)) !== undefined
  )
}

describe('cached receipts', () => {
  it('are those of the newest blocks, and those that are read stay', () => {
    const cache = new ReceiptCache()
    for (let at = 0; at < 64; at++) cache.set(hash(at), receiptsOf(1))
    cache.get(hash(0))
    cache.set(hash(64), receiptsOf(1))
    assert.equal(held(cache).length, 64)
    assert.deepEqual([cache.get(hash(0)) !== undefined, cache.get(hash(1))], [true, undefined])
  })

  it('are bounded by what they hold', () => {
    const cache = new ReceiptCache({ maxBytes: 100_000 })
    for (let at = 0; at < 20; at++) cache.set(hash(at), receiptsOf(30)) // 18,872 bytes each
    assert.deepEqual(held(cache), [15, 16, 17, 18, 19])
    cache.set(hash(19), receiptsOf(1)) // in place of its own
    cache.set(hash(20), receiptsOf(1))
    assert.deepEqual(held(cache), [15, 16, 17, 18, 19, 20])
  })

  it('are at least those of the block that came last', () => {
    const cache = new ReceiptCache({ maxBytes: 1_000 })
    cache.set(hash(1), receiptsOf(1))
    cache.set(hash(2), receiptsOf(100))
    assert.deepEqual(held(cache), [2])
    cache.set(hash(3), receiptsOf(0))
    assert.deepEqual(held(cache), [3])
  })
})
