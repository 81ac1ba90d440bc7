// A block whose diff would go beyond a bound of the protocol: it is applied all the same, without one.
import assert from 'node:assert/strict'
import { type CanonicalWriter, createApplier } from '../../../src/apply/applier.ts'
import { type Hex } from '../../../src/base/bytes.ts'
import { type Block } from '../../../src/chain/blocks/block.ts'
import { createBlockTimes } from '../../../src/chain/blocks/block-times.ts'
import { executionGenesis, ExecutionChain } from '../../support/execution-chain.ts'
import { signedTx } from '../../support/execution-transactions.ts'

const LOGGER: Hex = '0x00000000000000000000000000000000000a0001'
/** Logs a megabyte of zeros: PUSH3 0xfffff PUSH0 LOG0. */
const LOG_MEGABYTE = '620fffff5fa0'
/** Their receipt is longer than the 16 MiB that a receipt of a diff may have. */
const LOGS_COUNT = 17
const GAS_LIMIT = 200_000_000n

describe('a block with a receipt that no diff can hold', () => {
  it('becomes the head, and is stored without a diff', async function () {
    this.timeout(120_000)
    const code: Hex = `0x${LOG_MEGABYTE.repeat(LOGS_COUNT)}`
    const chain = await ExecutionChain.open(executionGenesis({ [LOGGER]: { code, nonce: '0x1' } }))
    const first = chain.head
    const logging = signedTx({ to: LOGGER, gasLimit: GAS_LIMIT })
    const job = await chain.startJob({ transactions: [logging], gasLimit: GAS_LIMIT })
    const { block } = await chain.engine.getPayload(job)
    const persisted: { block: Block; hasDiff: boolean }[] = []
    const writer: CanonicalWriter = {
      head: () => first,
      blockByNumber: () => undefined,
      diffByNumber: () => undefined,
      persistAll: () => assert.fail('it comes alone'),
      persistDiff: () => assert.fail('there is none'),
      persistReceipts: () => assert.fail('it is not linked'),
      persistLinked: () => assert.fail('it is not linked'),
      persistJump: () => assert.fail('it is no jump'),
      persistBelow: () => assert.fail('it is no jump'),
      putBack: () => assert.fail('nothing was lost'),
      async persist(stored, receipts, { diff }) {
        assert.equal(receipts[0]?.logs.length, LOGS_COUNT)
        persisted.push({ block: stored, hasDiff: diff !== undefined })
      }
    }
    const { blockTimeMs, forks } = chain.genesis.config
    const applier = createApplier({
      engine: chain.engine,
      chain: writer,
      layers: chain.state,
      rules: { times: createBlockTimes('op', blockTimeMs), forks },
      onStep: async () => undefined
    })
    await applier.apply(block)
    assert.deepEqual(persisted, [{ block, hasDiff: false }])
    assert.equal(applier.head().hash, block.hash)
    assert.ok(chain.state.isReadable(block.hash))
  })
})
