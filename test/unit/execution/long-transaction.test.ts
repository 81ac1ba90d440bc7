// A transaction that computes for long, by a loop or by calls of calls: timers and peers have their turn meanwhile.
import assert from 'node:assert/strict'
import { type Hex } from '../../../src/base/bytes.ts'
import { executionGenesis, ExecutionChain } from '../../support/execution-chain.ts'
import { signedTx } from '../../support/execution-transactions.ts'

const CONTRACT: Hex = '0x00000000000000000000000000000000000a0001'
const GAS_LIMIT = 2_000_000n
/** Far fewer than the slices of a few milliseconds that so much gas takes on any machine. */
const TURNS_MIN = 5

/** JUMPDEST PUSH0 JUMP, for ever. */
const LOOP: Hex = '0x5b5f56'
/** Calls itself sixteen times, with all gas that is left, and has no jump: PUSH0 x5, ADDRESS GAS CALL POP. */
const CALLS: Hex = `0x${'5f5f5f5f5f305af150'.repeat(16)}`

describe('a transaction that computes for long', () => {
  for (const [how, code] of [
    ['in a loop', LOOP],
    ['in calls without a loop', CALLS]
  ] as const) {
    it(`${how} does not hold the event loop, and comes to the same when the block runs again`, async () => {
      const alloc = { [CONTRACT]: { code, nonce: '0x1' } } as const
      const chain = await ExecutionChain.open(executionGenesis(alloc))
      const turns = countTurns()
      const transaction = signedTx({ to: CONTRACT, gasLimit: GAS_LIMIT })
      const { receipts } = await chain.extend([transaction])
      assert.ok(turns.stop() >= TURNS_MIN)
      assert.ok((receipts[0]?.cumulativeGasUsed ?? 0n) > GAS_LIMIT / 2n)
    })
  }
})

/** Turns of the event loop until it is stopped. */
function countTurns() {
  let count = 0
  let pending = setImmediate(next)
  function next() {
    count += 1
    pending = setImmediate(next)
  }
  return {
    stop() {
      clearImmediate(pending)
      return count
    }
  }
}
