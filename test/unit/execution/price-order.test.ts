// The order of transactions in a block: best tip first, each sender's own by nonce.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createEvmCommon } from '../../../src/execution/evm-rules.ts'
import { byPrice } from '../../../src/execution/price-order.ts'
import { type PreparedTx, prepareTransaction } from '../../../src/execution/transaction.ts'
import { EXECUTION_CHAIN_ID, testAddress } from '../../support/execution-chain.ts'
import { signedTx, type TxFields } from '../../support/execution-transactions.ts'

const common = createEvmCommon(EXECUTION_CHAIN_ID)

function queue(nonce: bigint, transactions: readonly TxFields[]) {
  const byNonce = new Map<bigint, PreparedTx>()
  for (const fields of transactions) {
    const prepared = prepareTransaction(signedTx({ to: testAddress(7), ...fields }), common)
    byNonce.set(prepared.tx.nonce, prepared)
  }
  return { nonce, byNonce }
}

function order(queues: Parameters<typeof byPrice>[0], baseFee: bigint): string[] {
  return [...byPrice(queues, baseFee)].map(({ senderHex, tx }) => {
    const sender = [0, 1, 2, 3].find((index) => testAddress(index) === senderHex)
    return `${sender}/${tx.nonce}`
  })
}

describe('the price order', () => {
  it('goes by what the fee recipient gets, which the fee cap bounds', () => {
    const queues = [
      queue(0n, [{ from: 0, tip: 9n, price: 105n }]),
      queue(0n, [{ from: 1, tip: 7n, price: 200n }]),
      queue(0n, [{ from: 2, type: 0, price: 106n }]),
      queue(0n, [{ from: 3, type: 1, price: 99n }])
    ]
    assert.deepEqual(order(queues, 100n), ['1/0', '2/0', '0/0'])
    assert.deepEqual(order(queues, 0n), ['2/0', '3/0', '0/0', '1/0'])
  })

  it('keeps the nonces of a sender in order, also where later ones pay more', () => {
    const queues = [
      queue(3n, [
        { from: 0, nonce: 3n, tip: 1n },
        { from: 0, nonce: 4n, tip: 50n },
        { from: 0, nonce: 6n, tip: 99n }
      ]),
      queue(0n, [
        { from: 1, nonce: 0n, tip: 5n },
        { from: 1, nonce: 1n, tip: 2n }
      ])
    ]
    assert.deepEqual(order(queues, 0n), ['1/0', '1/1', '0/3', '0/4'])
  })

  it('passes over a sender whose transaction was not taken', () => {
    const queues = [
      queue(0n, [
        { from: 0, nonce: 0n, tip: 9n },
        { from: 0, nonce: 1n, tip: 9n }
      ]),
      queue(0n, [{ from: 1, nonce: 0n, tip: 1n }])
    ]
    const ordered = byPrice(queues, 0n)
    assert.equal(ordered.next().value?.senderHex, testAddress(0))
    assert.equal(ordered.next(false).value?.senderHex, testAddress(1))
    assert.equal(ordered.next(true).done, true)
  })

  it('stops a sender at the first that does not pay the base fee', () => {
    const queues = [
      queue(0n, [
        { from: 0, nonce: 0n, price: 99n, tip: 9n },
        { from: 0, nonce: 1n, price: 500n, tip: 9n }
      ])
    ]
    assert.deepEqual(order(queues, 100n), [])
  })

  it('gives each executable transaction once, never a worse tip before a better one that could go', () => {
    const tips = fc.array(fc.array(fc.bigInt({ min: 0n, max: 20n }), { maxLength: 5 }), {
      minLength: 1,
      maxLength: 4
    })
    fc.assert(
      fc.property(tips, (senders) => {
        const queues = senders.map((own, from) =>
          queue(
            0n,
            own.map((tip, nonce) => ({ from, nonce: BigInt(nonce), tip }))
          )
        )
        const left = senders.map((own) => [...own])
        for (const { senderHex, tx } of byPrice(queues, 0n)) {
          const from = senders.findIndex((_, index) => testAddress(index) === senderHex)
          const heads = left.flatMap((own) => own.slice(0, 1))
          const tip = left[from]!.shift()
          assert.equal('maxPriorityFeePerGas' in tx && tx.maxPriorityFeePerGas, tip)
          assert.ok(heads.every((other) => other <= tip!))
        }
        assert.deepEqual(left.flat(), [])
      }),
      { numRuns: 25 }
    )
  })
})
