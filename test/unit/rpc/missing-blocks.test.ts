// A stored block that the disk lost: what asks for it is told so, and so is what would leave it out.
import assert from 'node:assert/strict'
import { ChainError } from '../../../src/chain/blocks/chain-error.ts'
import { openRpcChain, type RpcChainFixture } from './rpc-chain.ts'

const REFUSED = {
  code: -32000,
  message: 'block 1 is lost here and being asked for from peers: ask another node'
}

describe('a lost block', () => {
  for (const [how, thrown] of [
    ['whose height is read as missing', undefined],
    [
      'whose entries cannot be read',
      new ChainError({ code: 'entry-missing', entry: 'header', key: '0x' })
    ]
  ] as const) {
    let rpc: RpcChainFixture

    before(async () => {
      rpc = await openRpcChain()
      rpc.lost.set(1n, thrown)
    })

    for (const [method, params] of [
      ['eth_getBlockByNumber', ['0x1', false]],
      ['eth_getBlockTransactionCountByNumber', ['0x1']],
      ['eth_getBlockReceipts', ['0x1']],
      ['eth_getTransactionByBlockNumberAndIndex', ['0x1', '0x0']],
      ['eth_getLogs', [{ fromBlock: '0x0', toBlock: 'latest' }]],
      ['eth_feeHistory', ['0x3', 'latest', []]]
    ] as const) {
      it(`${how} is no answer of ${method}, and no silence either`, async () => {
        const { error } = await rpc.ask(method, ...params)
        assert.deepEqual({ code: error?.code, message: error?.message }, REFUSED)
      })
    }

    it(`${how} is nothing to whoever asks for others, or above the head`, async () => {
      assert.equal(await rpc.result('eth_getBlockByNumber', '0x4', false), null)
      const logs = await rpc.result('eth_getLogs', { fromBlock: '0x2', toBlock: '0x3' })
      assert.equal((logs as readonly unknown[]).length, 2)
    })
  }
})
