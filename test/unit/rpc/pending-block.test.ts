// The tags that name no stored block: pending, safe and finalized, in every method that takes a block.
import assert from 'node:assert/strict'
import { bytesToHex, type Hex } from '../../../src/base/bytes.ts'
import { nextBaseFee } from '../../../src/chain/blocks/base-fee.ts'
import { type Block } from '../../../src/chain/blocks/block.ts'
import { FEE_RECIPIENT, testAddress } from '../../support/execution-chain.ts'
import { codeHex } from '../../support/execution-code.ts'
import { signedTx } from '../../support/execution-transactions.ts'
import { KEEPER, openRpcChain, type RpcChainFixture } from './rpc-chain.ts'

const hex = (value: bigint | number) => `0x${value.toString(16)}`

describe('the pending block', () => {
  let rpc: RpcChainFixture
  let head: Block

  before(async () => {
    rpc = await openRpcChain()
    head = rpc.blocks.at(-1)!
  })

  it('comes after the head, and what would name it is null', async () => {
    const block = (await rpc.result('eth_getBlockByNumber', 'pending', true)) as Readonly<
      Record<string, unknown>
    >
    const latest = (await rpc.result('eth_getBlockByNumber', 'latest', true)) as object
    assert.deepEqual(Object.keys(block), Object.keys(latest))
    const { hash, nonce, miner, number, parentHash, baseFeePerGas, timestamp, gasUsed } = block
    assert.deepEqual([hash, nonce, miner], [null, null, null])
    assert.deepEqual(
      [number, parentHash, baseFeePerGas, timestamp, gasUsed, block.transactions],
      ['0x4', head.hash, hex(nextBaseFee(head.header)), hex(1_700_000_004), '0x0', []]
    )
  })
  it('is what calls run in, on the state of the head', async () => {
    const call = { data: codeHex('NUMBER', 0, 'MSTORE', 'COINBASE', 32, 'MSTORE', 64, 0, 'RETURN') }
    const number = 4n.toString(16).padStart(64, '0')
    const expected = `0x${number}${'0'.repeat(24)}${FEE_RECIPIENT.slice(2)}`
    assert.equal(await rpc.result('eth_call', call, 'pending'), expected)
    const seven: Hex = `0x${'7'.padStart(64, '0')}`
    assert.equal(await rpc.result('eth_call', { to: KEEPER }, 'pending'), seven)
    assert.equal(await rpc.result('eth_getStorageAt', KEEPER, '0x1', 'pending'), seven)
  })
  it('has the balances and codes of the head, and the nonces of the pool', async () => {
    for (const [method, params] of [
      ['eth_getBalance', [testAddress(0)]],
      ['eth_getCode', [KEEPER]]
    ] as const) {
      const latest = await rpc.result(method, ...params, 'latest')
      assert.equal(await rpc.result(method, ...params, 'pending'), latest)
    }
    await rpc.result('eth_sendRawTransaction', bytesToHex(signedTx({ from: 5, to: KEEPER })))
    assert.equal(await rpc.result('eth_getTransactionCount', testAddress(5), 'pending'), '0x1')
    assert.equal(await rpc.result('eth_getTransactionCount', testAddress(5), 'latest'), '0x0')
  })
  it('has no transactions yet, and so no receipts', async () => {
    assert.equal(await rpc.result('eth_getBlockTransactionCountByNumber', 'pending'), '0x0')
    assert.deepEqual(await rpc.result('eth_getBlockReceipts', 'pending'), [])
    const method = 'eth_getTransactionByBlockNumberAndIndex'
    assert.equal(await rpc.result(method, 'pending', '0x0'), null)
  })
  it('ends a history of fees, with the fee of the block after it', async () => {
    const history = (await rpc.result('eth_feeHistory', '0x2', 'pending', [50])) as Readonly<
      Record<string, readonly unknown[]>
    >
    const fee = nextBaseFee(head.header)
    const after = nextBaseFee({ ...head.header, baseFeePerGas: fee, gasUsed: 0n })
    assert.equal(history.oldestBlock, '0x3')
    assert.deepEqual(history.baseFeePerGas?.slice(1), [hex(fee), hex(after)])
    assert.equal(history.gasUsedRatio?.[1], 0)
    assert.deepEqual(history.reward?.[1], ['0x0'])
  })
  it('has no logs that could be asked for, as in geth', async () => {
    for (const filter of [{ fromBlock: 'pending' }, { toBlock: 'pending' }]) {
      const { error } = await rpc.ask('eth_getLogs', filter)
      assert.deepEqual(error, { code: -32602, message: 'pending logs are not supported' })
    }
  })
  it('is not found by a hash', async () => {
    const { hash } = rpc.pending()
    assert.equal(await rpc.result('eth_getBlockByHash', hash, false), null)
  })
})

describe('the safe and the finalized block', () => {
  let rpc: RpcChainFixture

  before(async () => {
    rpc = await openRpcChain()
  })

  for (const tag of ['safe', 'finalized']) {
    for (const [method, params] of [
      ['eth_getBlockByNumber', [tag, false]],
      ['eth_getBlockReceipts', [tag]],
      ['eth_getBlockTransactionCountByNumber', [tag]],
      ['eth_getTransactionByBlockNumberAndIndex', [tag, '0x0']],
      ['eth_getUncleByBlockNumberAndIndex', [tag, '0x0']],
      ['eth_getStorageAt', [KEEPER, '0x1', tag]],
      ['eth_feeHistory', ['0x1', tag, []]]
    ] as const) {
      it(`is not found, in geth's words: ${method} ${tag}`, async () => {
        const { error } = await rpc.ask(method, ...params)
        assert.deepEqual(error, { code: -32000, message: `${tag} block not found` })
      })
    }
    it(`ends no range of logs, in geth's words: ${tag}`, async () => {
      const { error } = await rpc.ask('eth_getLogs', { fromBlock: '0x0', toBlock: tag })
      assert.deepEqual(error, { code: -32000, message: `${tag} header not found` })
    })
  }
})

describe('what needs no block', () => {
  it('is answered: the price of blobs, and a hash', async () => {
    const rpc = await openRpcChain()
    assert.equal(await rpc.result('eth_blobBaseFee'), '0x1')
    const empty = '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470'
    assert.equal(await rpc.result('web3_sha3', '0x'), empty)
    const { error } = await rpc.ask('web3_sha3', '0xabc')
    assert.equal(error?.code, -32602)
  })
})
