// A transaction that computes for long, by a loop or by calls of calls: timers and peers have their turn meanwhile.
import assert from 'node:assert/strict'
import { type Hex } from '../../../src/base/bytes.ts'
import { executionGenesis, ExecutionChain } from '../../support/execution-chain.ts'
import { signedTx } from '../../support/execution-transactions.ts'

const CONTRACT: Hex = '0x00000000000000000000000000000000000a0001'
/** So much takes some hundred milliseconds. A loop is the quickest way to spend gas, calls are the slowest. */
const GAS_LIMITS = { loop: 8_000_000n, calls: 1_000_000n, power: 2_000_000n } as const
/** Far fewer than the slices of a few milliseconds that so much gas takes on any machine. */
const TURNS_MIN = 5

/** JUMPDEST PUSH0 JUMP, for ever. */
const LOOP: Hex = '0x5b5f56'
/** Calls itself sixteen times, with all gas that is left, and has no jump: PUSH0 x5, ADDRESS GAS CALL POP. */
const CALLS: Hex = `0x${'5f5f5f5f5f305af150'.repeat(16)}`

/** Bytes of the exponent of one call of the precompile at 0x05. */
const EXPONENT_BYTES = 200_000
const MODULUS_AT = 96 + 8 + EXPONENT_BYTES

/** One call with eight bytes of base and modulus, the exponent its highest bit alone: MSTORE x5, and STATICCALL. */
const POWER: Hex = `0x${[
  ...[store(0, '08'), store(32, hexOf(EXPONENT_BYTES)), store(64, '08')],
  store(96, `${'ff'.repeat(8)}80`.padEnd(64, '0')),
  store(MODULUS_AT, `${'ff'.repeat(7)}fb`.padEnd(64, '0')),
  `60205f62${hexOf(MODULUS_AT + 8)}5f60055afa50`
].join('')}`

describe('a transaction that computes for long', () => {
  for (const [how, code, gasLimit] of [
    ['in a loop', LOOP, GAS_LIMITS.loop],
    ['in calls without a loop', CALLS, GAS_LIMITS.calls]
  ] as const) {
    it(`${how} does not hold the event loop, and comes to the same when the block runs again`, async () => {
      const alloc = { [CONTRACT]: { code, nonce: '0x1' } } as const
      const chain = await ExecutionChain.open(executionGenesis(alloc))
      const turns = countTurns()
      const transaction = signedTx({ to: CONTRACT, gasLimit })
      const { receipts } = await chain.extend([transaction])
      assert.ok(turns.stop() >= TURNS_MIN)
      assert.ok((receipts[0]?.cumulativeGasUsed ?? 0n) > gasLimit / 2n)
    })
  }

  it('in one call of a precompile does not hold the event loop', async () => {
    const alloc = { [CONTRACT]: { code: POWER, nonce: '0x1' } } as const
    const chain = await ExecutionChain.open(executionGenesis(alloc))
    const turns = countTurns()
    const { receipts } = await chain.extend([
      signedTx({ to: CONTRACT, gasLimit: GAS_LIMITS.power })
    ])
    assert.ok(turns.stop() >= TURNS_MIN)
    assert.equal(receipts[0]?.status, 1)
    assert.ok((receipts[0]?.cumulativeGasUsed ?? 0n) > 500_000n, 'the precompile was called')
  })
})

/** PUSH value, PUSH3 offset, MSTORE. */
function store(offset: number, value: string): string {
  return `${(0x5f + value.length / 2).toString(16)}${value}62${hexOf(offset)}52`
}

function hexOf(value: number): string {
  return value.toString(16).padStart(6, '0')
}

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
