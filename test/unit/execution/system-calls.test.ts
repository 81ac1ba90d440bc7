// The calls at the start of a block (EIP-4788, EIP-2935), whatever stands at their addresses.
import assert from 'node:assert/strict'
import { type Hex } from '../../../src/base/bytes.ts'
import { type AllocEntry, executionGenesis, ExecutionChain } from '../../support/execution-chain.ts'
import { signedTx } from '../../support/execution-transactions.ts'

const BEACON_ROOTS: Hex = '0x000f3df6d732807ef1319fb7b8bb8522d0beac02'
const HISTORY: Hex = '0x0000f90827f1c53a10cb7a02335b175320002935'
/** Sets slot 0: to 7 when the system calls, and to 0 when anybody else does. */
const SEVEN_BY_SYSTEM: Hex =
  '0x73fffffffffffffffffffffffffffffffffffffffe3314601e575f5f55005b60075f5500'
/** What a transaction costs that clears a slot that had a value before it: SSTORE, cold, with its refund of 4,800. */
const CLEARING_GAS = 21_000n + 25n + 5_000n - 4_800n

async function open(codes: Readonly<Record<Hex, Hex | undefined>>): Promise<ExecutionChain> {
  const genesis = executionGenesis(
    Object.fromEntries(
      Object.entries(codes).map(([address, code]): [Hex, AllocEntry] => [
        address as Hex,
        { nonce: '0x1', ...(code !== undefined && { code }) }
      ])
    )
  )
  return ExecutionChain.open(genesis)
}

describe('a system call', () => {
  for (const [name, address] of [
    ['beacon root', BEACON_ROOTS],
    ['history', HISTORY]
  ] as const) {
    it(`of the ${name} has ended when the first transaction begins: what it wrote is the original value`, async () => {
      const chain = await open({ [address]: SEVEN_BY_SYSTEM })
      const { receipts } = await chain.extend([signedTx({ to: address, gasLimit: 100_000n })])
      assert.equal(receipts[0]?.cumulativeGasUsed, CLEARING_GAS)
      assert.equal(chain.slot(address, 0n), 0n)
      await chain.extend([])
      assert.equal(chain.slot(address, 0n), 7n)
    })
  }

  it('changes nothing where there is no contract, in a block without transactions', async () => {
    const chain = await open({ [BEACON_ROOTS]: undefined, [HISTORY]: undefined })
    const before = chain.head
    const { block, changes } = await chain.extend([])
    assert.deepEqual(changes, { accounts: [], codes: [] })
    assert.equal(block.stateRoot, before.stateRoot)
  })

  for (const [how, code] of [
    ['reverts', '0x60075f555f5ffd'],
    ['runs out of gas', '0x60075f555b600456'],
    ['is no code at all', '0x60075f55fe']
  ] as const) {
    it(`that ${how} changes nothing, and the block goes on`, async () => {
      const chain = await open({ [BEACON_ROOTS]: code, [HISTORY]: code })
      const { changes } = await chain.extend([])
      assert.deepEqual(changes, { accounts: [], codes: [] })
      assert.equal(chain.slot(HISTORY, 0n), 0n)
    })
  }
})
