// A block that was linked without being executed, and whose receipts nobody had: what asks for them is told so.
import assert from 'node:assert/strict'
import { Transaction } from 'ethers'
import { bytesToHex } from '../../../src/base/bytes.ts'
import { openRpcChain, type RpcChainFixture } from './rpc-chain.ts'

const REFUSED = {
  code: -32000,
  message: 'the receipts of block 1 are not kept here: ask another node'
}

let rpc: RpcChainFixture
let hash: string

describe('receipts that are not kept', () => {
  before(async () => {
    rpc = await openRpcChain()
    const [, block] = rpc.blocks
    assert.ok(block)
    rpc.receipts.delete(block.hash)
    hash = String(Transaction.from(bytesToHex(block.transactions[0]!)).hash)
  })

  for (const [method, params] of [
    ['eth_getBlockReceipts', () => ['0x1']],
    ['eth_getTransactionReceipt', () => [hash]],
    ['eth_getLogs', () => [{ fromBlock: '0x0', toBlock: 'latest' }]],
    ['eth_feeHistory', () => ['0x3', 'latest', [50]]]
  ] as const) {
    it(`are no answer of ${method}, and no silence either`, async () => {
      const { error } = await rpc.ask(method, ...params())
      assert.deepEqual({ code: error?.code, message: error?.message }, REFUSED)
    })
  }

  it('are nothing to whoever asks for something else', async () => {
    assert.notEqual(await rpc.result('eth_getTransactionByHash', hash), null)
    const logs = await rpc.result('eth_getLogs', { fromBlock: '0x2', toBlock: '0x3' })
    assert.equal((logs as readonly unknown[]).length, 2)
    await rpc.result('eth_feeHistory', '0x3', 'latest')
  })
})
