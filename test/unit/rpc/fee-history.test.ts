// eth_feeHistory over full blocks: what it reads of a transaction, and how many it looks at.
import assert from 'node:assert/strict'
import { childBlock, testGenesisBlock, testReceipts } from '../../support/signed-chain.ts'
import { encodeReceipts } from '../../../src/chain/blocks/receipt.ts'
import { readReceipts } from '../../../src/chain/stored/stored-receipts.ts'
import { createEvmCommon } from '../../../src/execution/evm-rules.ts'
import { decodeFees, decodeTransaction } from '../../../src/rpc/decode-transaction.ts'
import { FEE_HISTORY_MAX_TRANSACTIONS, feeMethods } from '../../../src/rpc/fee-methods.ts'
import { RpcError } from '../../../src/rpc/rpc-error.ts'
import { EXECUTION_CHAIN_ID, testAddress } from '../../support/execution-chain.ts'
import { authorization, signedTx } from '../../support/execution-transactions.ts'
import { asJson, rpcContext } from '../../support/rpc-answer.ts'

const TO = testAddress(9)

describe('the fees of a transaction', () => {
  for (const type of [0, 1, 2, 4] as const) {
    it(`of type ${type} are read as decoding all of it reads them`, () => {
      const authorizationList = type === 4 ? [authorization({ from: 4, target: TO })] : []
      const raw = signedTx({ type, to: TO, price: 1_234_567n, tip: 89n, authorizationList })
      const { json } = decodeTransaction(raw, createEvmCommon(EXECUTION_CHAIN_ID))
      const { gasPrice, maxFeePerGas, maxPriorityFeePerGas } = json
      const fees = type < 2 ? { gasPrice } : { maxFeePerGas, maxPriorityFeePerGas }
      assert.deepEqual(decodeFees(raw), fees)
    })
  }
})

describe('the bounds of eth_feeHistory', () => {
  const block = childBlock(testGenesisBlock(), { transactionsCount: 200 })
  const receipts = testReceipts(block)
  let readCount = 0
  const methods = feeMethods({
    chain: {
      head: () => ({ ...block, number: 2_000n }),
      pending: () => block,
      blockByNumber: (number) => ({ ...block, number }),
      oldestBlock: () => 1n,
      blockByHash: () => undefined,
      receipts: () => readReceipts(encodeReceipts(receipts)),
      transactionLocation: () => undefined
    },
    node: { gateShut: () => undefined },
    nextBaseFee: () => 1n,
    decodeFees() {
      readCount += 1
      return { gasPrice: '0x5f5e100' }
    }
  })
  const ask = (...params: readonly unknown[]) =>
    asJson(methods.eth_feeHistory?.(params, rpcContext()))

  it('are so many transactions where their tips are asked for', async () => {
    const blocks = FEE_HISTORY_MAX_TRANSACTIONS / 200
    const history = (await ask(blocks, 'latest', [50])) as { reward: unknown[] }
    assert.equal(history.reward.length, blocks)
    readCount = 0
    const message =
      'the blocks hold more than 100000 transactions; ask for fewer blocks, or without percentiles'
    await assert.rejects(ask(blocks + 1, 'latest', [50]), new RpcError(-32005, message))
    assert.ok(readCount <= FEE_HISTORY_MAX_TRANSACTIONS)
  })
  it('are so many blocks without', async () => {
    const history = (await ask('0xffff', 'latest')) as { gasUsedRatio: unknown[] }
    assert.equal(history.gasUsedRatio.length, 1_024)
  })
})
