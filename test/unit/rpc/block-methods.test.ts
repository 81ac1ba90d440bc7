// Methods that read blocks, transactions and receipts, against the transactions as ethers decodes them.
import assert from 'node:assert/strict'
import { RLP } from '@ethereumjs/rlp'
import { getCreateAddress, Transaction } from 'ethers'
import { bytesToHex, type Hex } from '../../../src/base/bytes.ts'
import { type Block } from '../../../src/chain/blocks/block.ts'
import { encodeHeader } from '../../../src/chain/blocks/header.ts'
import { decodeTransaction } from '../../../src/rpc/decode-transaction.ts'
import { effectiveGasPrice, formatTransaction } from '../../../src/rpc/format.ts'
import { testAddress } from '../../support/execution-chain.ts'
import { authorization, signedTx } from '../../support/execution-transactions.ts'
import { LOGGER, openRpcChain, type RpcChainFixture, TOPIC, callerTopic } from './rpc-chain.ts'

type Json = Readonly<Record<string, unknown>>

const UNKNOWN: Hex = `0x${'ee'.repeat(32)}`
const hex = (value: bigint | number) => `0x${value.toString(16)}`

let rpc: RpcChainFixture
let blocks: readonly Block[]

/** The hooks of each group of tests. */
function useFixture(): void {
  before(async () => {
    rpc = await openRpcChain()
    blocks = rpc.blocks
  })
}

const json = async (method: string, ...params: readonly unknown[]) =>
  (await rpc.result(method, ...params)) as Json

/** The bytes of a block as geth counts them: transactions with a type stand as strings in the list. */
function sizeOf({ header, transactions }: Block): number {
  const body = transactions.map((raw) => (raw[0]! < 0xc0 ? raw : RLP.decode(raw)))
  return RLP.encode([RLP.decode(encodeHeader(header)), body, [], []]).length
}

describe('a block', () => {
  useFixture()

  it('at the head is named by eth_blockNumber', async () => {
    assert.equal(await rpc.result('eth_blockNumber'), '0x3')
  })
  it('is found by number, tag and hash', async () => {
    const third = blocks[3]!
    for (const param of ['0x3', 'latest', third.hash, { blockHash: third.hash }]) {
      assert.equal((await json('eth_getBlockByNumber', param, false)).hash, third.hash)
    }
    assert.equal((await json('eth_getBlockByHash', third.hash)).number, '0x3')
    assert.equal((await json('eth_getBlockByNumber', 'earliest')).hash, blocks[0]!.hash)
  })
  it('has the hashes of its transactions, or all of them', async () => {
    const { hash, transactions } = blocks[1]!
    const hashes = transactions.map((raw) => Transaction.from(bytesToHex(raw)).hash)
    assert.deepEqual((await json('eth_getBlockByHash', hash, false)).transactions, hashes)
    const full = (await json('eth_getBlockByHash', hash, true)).transactions as readonly Json[]
    assert.deepEqual(
      full.map((one) => [one.hash, one.transactionIndex]),
      hashes.map((one, index) => [one, hex(index)])
    )
  })
  it('has the fields of its header', async () => {
    const { header } = blocks[1]!
    const block = await json('eth_getBlockByNumber', '0x1', false)
    assert.equal(block.stateRoot, bytesToHex(header.stateRoot))
    assert.equal(block.mixHash, bytesToHex(header.prevRandao))
    assert.equal(block.logsBloom, bytesToHex(header.logsBloom))
    assert.equal(block.gasUsed, hex(header.gasUsed))
    assert.equal(block.extraData, '0x00000000fa00000006')
    // Genesis asks 10^9 wei and is empty: less 1/250.
    assert.equal(block.baseFeePerGas, hex(996_000_000))
    assert.equal(block.timestamp, hex(1_700_000_001))
    assert.equal(block.gasLimit, hex(30_000_000))
    assert.deepEqual(
      [block.nonce, block.difficulty, block.uncles, block.withdrawals],
      ['0x0000000000000000', '0x0', [], []]
    )
  })
  it('has its size in RLP', async () => {
    for (const block of blocks) {
      const { size } = await json('eth_getBlockByHash', block.hash, false)
      assert.equal(size, hex(sizeOf(block)))
    }
  })
  it('that is not there is null', async () => {
    assert.equal(await rpc.result('eth_getBlockByNumber', '0x4', false), null)
    assert.equal(await rpc.result('eth_getBlockByHash', UNKNOWN, false), null)
    assert.equal(await rpc.result('eth_getBlockTransactionCountByHash', UNKNOWN), null)
    assert.equal(await rpc.result('eth_getBlockReceipts', '0x4'), null)
  })
  it('has so many transactions', async () => {
    for (const { number, hash, transactions } of blocks) {
      const counts = [
        await rpc.result('eth_getBlockTransactionCountByNumber', hex(number)),
        await rpc.result('eth_getBlockTransactionCountByHash', hash)
      ]
      assert.deepEqual(counts, [hex(transactions.length), hex(transactions.length)])
    }
  })
  for (const tag of ['safe', 'finalized']) {
    it(`that is ${tag} is not found, in geth's words`, async () => {
      const { error } = await rpc.ask('eth_getBlockByNumber', tag, false)
      assert.deepEqual(error, { code: -32000, message: `${tag} block not found` })
    })
  }
})

describe('a transaction', () => {
  useFixture()

  it('has the fields that ethers decodes, however it is asked for', async () => {
    for (const { hash: blockHash, number, transactions, header } of blocks) {
      for (const [index, raw] of transactions.entries()) {
        const oracle = Transaction.from(bytesToHex(raw))
        const one = await json('eth_getTransactionByHash', oracle.hash)
        const byNumber = [
          'eth_getTransactionByBlockNumberAndIndex',
          hex(number),
          hex(index)
        ] as const
        const byHash = ['eth_getTransactionByBlockHashAndIndex', blockHash, hex(index)] as const
        assert.deepEqual(await rpc.result(...byNumber), one)
        assert.deepEqual(await rpc.result(...byHash), one)
        const { type, nonce, to, value, gas, input, from, chainId } = one
        assert.deepEqual({ type, nonce, to, value, gas, input, from, chainId }, fieldsOf(oracle))
        assert.deepEqual(
          [one.blockHash, one.blockNumber, one.transactionIndex],
          [blockHash, hex(number), hex(index)]
        )
        const { signature } = oracle
        assert.deepEqual(
          [BigInt(String(one.r)), BigInt(String(one.s))],
          [BigInt(signature!.r), BigInt(signature!.s)]
        )
        const paid = oracle.gasPrice ?? header.baseFeePerGas + (oracle.maxPriorityFeePerGas ?? 0n)
        assert.equal(one.gasPrice, hex(paid))
      }
    }
  })
  it('of type 2 has both fees and the parity, of type 1 its access list', async () => {
    const two = await json('eth_getTransactionByBlockNumberAndIndex', '0x1', '0x1')
    assert.deepEqual(
      [two.maxFeePerGas, two.maxPriorityFeePerGas, two.accessList],
      [hex(100_000_000_000), hex(3_000_000_000), []]
    )
    const one = await json('eth_getTransactionByBlockNumberAndIndex', '0x3', '0x0')
    assert.deepEqual(one.accessList, [{ address: LOGGER, storageKeys: [`0x${'0'.repeat(63)}1`] }])
    for (const { v, yParity } of [one, two]) assert.equal(v, yParity)
  })
  it('that is not there is null', async () => {
    assert.equal(await rpc.result('eth_getTransactionByHash', UNKNOWN), null)
    for (const index of ['0x3', `0x${'f'.repeat(64)}`]) {
      assert.equal(await rpc.result('eth_getTransactionByBlockNumberAndIndex', '0x1', index), null)
    }
    assert.equal(await rpc.result('eth_getTransactionByBlockHashAndIndex', UNKNOWN, '0x0'), null)
    assert.equal(await rpc.result('eth_getTransactionReceipt', UNKNOWN), null)
  })
  it('before replay protection names no chain', () => {
    const raw = signedTx({ type: 0, isUnprotected: true, to: LOGGER })
    const formatted = formatTransaction(decodeTransaction(raw, rpc.chain.common), undefined)
    assert.equal('chainId' in formatted, false)
    assert.match(String(formatted.v), /^0x1[bc]$/)
  })
  it('of type 4 has its authorizations', () => {
    const raw = signedTx({
      type: 4,
      to: LOGGER,
      authorizationList: [authorization({ from: 3, target: LOGGER })]
    })
    const formatted = formatTransaction(decodeTransaction(raw, rpc.chain.common), undefined)
    const [first] = formatted.authorizationList as readonly Json[]
    const [oracle] = Transaction.from(bytesToHex(raw)).authorizationList ?? []
    assert.equal(first?.address, LOGGER)
    assert.deepEqual(
      [first.chainId, first.nonce, first.yParity],
      ['0x385', '0x0', hex(oracle!.signature.yParity)]
    )
    assert.equal(BigInt(String(first.r)), BigInt(oracle!.signature.r))
  })
})

describe('a receipt', () => {
  useFixture()

  it('says what the transaction did and cost', async () => {
    const { hash: blockHash, transactions, header } = blocks[1]!
    const receipts = (await rpc.result('eth_getBlockReceipts', blockHash)) as readonly Json[]
    assert.equal(receipts.length, 3)
    let gasBefore = 0n
    for (const [index, raw] of transactions.entries()) {
      const { hash, from, to } = Transaction.from(bytesToHex(raw))
      const receipt = receipts[index]!
      assert.deepEqual(await rpc.result('eth_getTransactionReceipt', hash), receipt)
      assert.deepEqual(
        [receipt.transactionHash, receipt.from, receipt.to, receipt.status, receipt.blockNumber],
        [hash, from?.toLowerCase(), to?.toLowerCase() ?? null, '0x1', '0x1']
      )
      const cumulative = BigInt(String(receipt.cumulativeGasUsed))
      assert.equal(BigInt(String(receipt.gasUsed)), cumulative - gasBefore)
      gasBefore = cumulative
    }
    assert.equal(gasBefore, header.gasUsed)
    assert.equal(receipts[0]!.gasUsed, hex(21_000))
    // 100 gwei as a legacy price; base fee 0.996 gwei and a tip of 3, or of 1.
    const prices = [100_000_000_000, 3_996_000_000, 1_996_000_000].map(hex)
    assert.deepEqual(
      receipts.map(({ effectiveGasPrice: price }) => price),
      prices
    )
  })
  it('names the contract that was created, and only that', async () => {
    const receipts = (await rpc.result('eth_getBlockReceipts', '0x1')) as readonly Json[]
    const [first, second, third] = receipts.map(({ contractAddress }) => contractAddress)
    assert.deepEqual([first, second], [null, null])
    // keccak256(rlp([account 0, nonce 1])), as ethers counts it.
    const expected = getCreateAddress({ from: testAddress(0), nonce: 1 }).toLowerCase()
    assert.equal(third, expected)
  })
  it('counts its logs from the first one of the block', async () => {
    const receipts = (await rpc.result('eth_getBlockReceipts', '0x3')) as readonly Json[]
    const logs = receipts.flatMap((receipt) => receipt.logs as readonly Json[])
    assert.deepEqual(
      logs.map(({ logIndex, transactionIndex }) => [logIndex, transactionIndex]),
      [
        ['0x0', '0x0'],
        ['0x1', '0x1']
      ]
    )
    assert.deepEqual(logs[1], {
      address: LOGGER,
      topics: [TOPIC, callerTopic(2)],
      data: `0x${'cc'.padStart(64, '0')}`,
      blockHash: blocks[3]!.hash,
      blockNumber: '0x3',
      blockTimestamp: hex(1_700_000_003),
      transactionHash: receipts[1]!.transactionHash,
      transactionIndex: '0x1',
      logIndex: '0x1',
      removed: false
    })
  })
  it('of an empty block is none', async () => {
    assert.deepEqual(await rpc.result('eth_getBlockReceipts', '0x2'), [])
  })
})

describe('the price of a unit of gas', () => {
  useFixture()

  for (const [what, fields, baseFee, price] of [
    ['the legacy price', { gasPrice: '0x5' }, 3n, 5n],
    ['base fee and tip', { maxFeePerGas: '0x64', maxPriorityFeePerGas: '0x2' }, 3n, 5n],
    ['the cap, when that is less', { maxFeePerGas: '0x4', maxPriorityFeePerGas: '0x2' }, 3n, 4n],
    ['nothing, when nothing is asked', { gasPrice: '0x0' }, 3n, 0n]
  ] as const) {
    it(`is ${what}`, () => {
      assert.equal(effectiveGasPrice(fields, baseFee), price)
    })
  }
})

function fieldsOf(oracle: Transaction): Json {
  return {
    type: hex(oracle.type ?? 0),
    nonce: hex(oracle.nonce),
    to: oracle.to?.toLowerCase() ?? null,
    value: hex(oracle.value),
    gas: hex(oracle.gasLimit),
    input: oracle.data,
    from: oracle.from?.toLowerCase(),
    chainId: hex(oracle.chainId)
  }
}
