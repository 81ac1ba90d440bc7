// Null stands for what is left out, in every method: clients in Go and Python send it so.
import assert from 'node:assert/strict'
import { answerValue } from '../../support/rpc-answer.ts'
import { testAddress } from '../../support/execution-chain.ts'
import { KEEPER, LOGGER, openRpcChain, type RpcChainFixture } from './rpc-chain.ts'

const ADDRESS = testAddress(0)
const TRACER = { tracer: 'callTracer' }
const NO_FEES = { gasPrice: null, maxFeePerGas: null, maxPriorityFeePerGas: null }
const NO_LISTS = {
  ...{ accessList: null, authorizationList: null, blobVersionedHashes: null },
  ...{ nonce: null, chainId: null, value: null, input: null, data: null, gas: null, from: null }
}

describe('null', () => {
  let rpc: RpcChainFixture
  before(async () => {
    rpc = await openRpcChain()
  })

  for (const [method, withNull, without] of [
    ['eth_getBalance', [ADDRESS, null], [ADDRESS]],
    ['eth_getTransactionCount', [ADDRESS, null], [ADDRESS]],
    ['eth_getCode', [KEEPER, null], [KEEPER]],
    ['eth_getStorageAt', [KEEPER, '0x1', null], [KEEPER, '0x1']],
    ['eth_getProof', [KEEPER, null, null], [KEEPER, []]],
    ['eth_getBlockByNumber', ['0x3', null], ['0x3', false]],
    ['eth_getBlockByNumber', ['0x3', null], ['0x3']],
    ['eth_feeHistory', ['0x2', 'latest', null], ['0x2', 'latest']],
    ['eth_feeHistory', ['2', 'latest', null], [2, 'latest']],
    ['eth_call', [{ ...NO_FEES, ...NO_LISTS, to: KEEPER }, null, null, null], [{ to: KEEPER }]],
    ['eth_call', [{ to: KEEPER }, null, { [KEEPER]: { code: null } }], [{ to: KEEPER }]],
    [
      'eth_call',
      [{ to: KEEPER }, null, null, { number: null, withdrawals: null }],
      [{ to: KEEPER }]
    ],
    ['eth_call', [null], [{}]],
    ['eth_estimateGas', [{ ...NO_LISTS, to: KEEPER }, null, null, null], [{ to: KEEPER }]],
    [
      'eth_createAccessList',
      [{ from: ADDRESS, to: KEEPER, accessList: null }, null, null],
      [{ from: ADDRESS, to: KEEPER }]
    ],
    [
      'eth_getLogs',
      [{ fromBlock: '0x1', toBlock: null, blockHash: null, address: null, topics: null }],
      [{ fromBlock: '0x1' }]
    ],
    [
      'eth_getLogs',
      [{ fromBlock: '0x1', address: LOGGER, topics: [null, [null]] }],
      [{ fromBlock: '0x1', address: LOGGER }]
    ],
    [
      'debug_traceCall',
      [
        { to: KEEPER },
        'latest',
        { ...TRACER, tracerConfig: null, timeout: null, stateOverrides: null, txIndex: null }
      ],
      [{ to: KEEPER }, 'latest', TRACER]
    ],
    ['debug_traceBlockByNumber', ['0x3', { ...TRACER, tracerConfig: null }], ['0x3', TRACER]]
  ] as const) {
    it(`is as left out in ${method} ${JSON.stringify(withNull).slice(0, 60)}`, async () => {
      assert.deepEqual(await rpc.result(method, ...withNull), await rpc.result(method, ...without))
    })
  }
  for (const [method, params] of [
    ['eth_newFilter', [null]],
    ['eth_newFilter', [{ fromBlock: null, toBlock: null, address: null, topics: null }]],
    ['eth_newPendingTransactionFilter', [null]]
  ] as const) {
    it(`makes a filter by ${method} ${JSON.stringify(params)}`, async () => {
      assert.match(String(await rpc.result(method, ...params)), /^0x[0-9a-f]+$/)
    })
  }
  it('is as no parameters at all', async () => {
    const body = { jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: null }
    assert.deepEqual(await answerValue({ methods: rpc.methods }, body), {
      ...{ jsonrpc: '2.0', id: 1 },
      result: '0x385'
    })
  })
})
