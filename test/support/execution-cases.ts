// One case of execution: accounts, blocks of transactions, and what must come of them on both engines.
import assert from 'node:assert/strict'
import { type Hex } from '../../src/base/bytes.ts'
import { type PayloadAttributes } from '../../src/execution/engine.ts'
import { type AllocEntry, ExecutionChain, executionGenesis } from './execution-chain.ts'
import { ExecutionOracle, outcomeOf } from './execution-oracle.ts'
import { signedTx, type TxFields } from './execution-transactions.ts'

/** Expected values are written down: a case in which nothing happens must not pass. */
export interface ExecutionCase {
  readonly name: string
  readonly alloc?: Readonly<Record<Hex, AllocEntry>>
  /** Transactions by block; each sender's nonces count up from 0, or from the last one given. */
  readonly blocks: readonly (readonly TxFields[])[]
  readonly attributes?: Partial<PayloadAttributes>
  /** Statuses of all transactions, in order. */
  readonly statuses: readonly (0 | 1)[]
  /** Gas used by each block, where the rules say it in plain numbers. */
  readonly gasUsed?: readonly bigint[]
  /** Logs of all blocks together. */
  readonly logsCount?: number
  /** Slots at the end: address, slot, value. */
  readonly slots?: readonly (readonly [Hex, bigint, bigint])[]
  /** Accounts that do not exist at the end. */
  readonly absent?: readonly Hex[]
  readonly balances?: readonly (readonly [Hex, bigint])[]
}

/** Runs it on both engines, asserts that they agree, and that it comes out as written. */
export async function assertCase(execution: ExecutionCase): Promise<void> {
  const { alloc, blocks, attributes, statuses, slots = [], absent = [], balances = [] } = execution
  const { chain, outcomes } = await runOnBoth(alloc ?? {}, blocks, attributes)
  const receipts = outcomes.flatMap((outcome) => outcome.receipts)
  assert.deepEqual(
    receipts.map(({ status }) => status),
    statuses
  )
  if (execution.gasUsed !== undefined) {
    assert.deepEqual(
      outcomes.map(({ gasUsed }) => gasUsed),
      execution.gasUsed
    )
  }
  if (execution.logsCount !== undefined) {
    assert.equal(receipts.flatMap(({ logs }) => logs).length, execution.logsCount)
  }
  assert.deepEqual(
    slots.map(([address, slot]) => [address, slot, chain.slot(address, slot)]),
    slots
  )
  for (const address of absent) assert.equal(chain.account(address), undefined, address)
  assert.deepEqual(
    balances.map(([address]) => [address, chain.account(address)?.balance ?? 0n]),
    balances
  )
}

/** Executes blocks on both engines and asserts after each that they agree. */
export async function runOnBoth(
  alloc: Readonly<Record<Hex, AllocEntry>>,
  blocks: readonly (readonly TxFields[])[],
  attributes: Partial<PayloadAttributes> = {}
) {
  const chain = await ExecutionChain.open(executionGenesis(alloc))
  const oracle = await ExecutionOracle.open(chain.genesis, chain.head.hash)
  const nonces = new Map<number, bigint>()
  const outcomes = []
  for (const fields of blocks) {
    const raws = fields.map((tx) => {
      const { from = 0 } = tx
      const nonce = tx.nonce ?? nonces.get(from) ?? 0n
      nonces.set(from, nonce + 1n)
      return signedTx({ ...tx, nonce })
    })
    const { block, receipts } = await chain.extend(raws, attributes)
    const outcome = outcomeOf(block, receipts)
    assert.deepEqual(outcome, await oracle.run(block), `block ${block.number}`)
    assert.deepEqual(
      receipts.map(({ type }) => type),
      fields.map(({ type = 2 }) => type)
    )
    outcomes.push(outcome)
  }
  return { chain, outcomes }
}
