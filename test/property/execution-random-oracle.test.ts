// Random blocks of every kind of transaction on random contracts: our engine against @ethereumjs/vm.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { randomAlloc, randomTx } from '../support/execution-arbitraries.ts'
import { runOnBoth } from '../support/execution-cases.ts'
import { FEE_RECIPIENT, testAddress } from '../support/execution-chain.ts'

const blocks = fc.array(fc.array(randomTx, { minLength: 1, maxLength: 6 }), {
  minLength: 1,
  maxLength: 4
})
const feeRecipient = fc.constantFrom(FEE_RECIPIENT, testAddress(0), testAddress(10))

describe('execution equals the oracle: random blocks', () => {
  it('gives the same roots, receipts and gas', async () => {
    const seen = { succeeded: 0, failed: 0, logs: 0 }
    await fc.assert(
      fc.asyncProperty(
        randomAlloc,
        blocks,
        feeRecipient,
        async (alloc, transactions, recipient) => {
          const { outcomes } = await runOnBoth(alloc, transactions, { feeRecipient: recipient })
          for (const { status, logs } of outcomes.flatMap(({ receipts }) => receipts)) {
            if (status === 1) seen.succeeded++
            else seen.failed++
            seen.logs += logs.length
          }
        }
      ),
      { numRuns: 40 }
    )
    const isMixed = seen.succeeded > 50 && seen.failed > 20 && seen.logs > 0
    assert.ok(isMixed, `too much of one kind: ${JSON.stringify(seen)}`)
  })
})
