// Bytes of transactions, headers, blocks and receipts, against independent decoders; and the ommers that no block has.
import assert from 'node:assert/strict'
import { RLP } from '@ethereumjs/rlp'
import { Transaction } from 'ethers'
import { bytesToHex, type Hex, hexToBytes } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { encodeReceipt } from '../../../src/chain/blocks/receipt.ts'
import { blockSizeBytes, encodeBlock } from '../../../src/rpc/block-rlp.ts'
import { encodeJson, JsonFields, JsonHex, JsonItems } from '../../../src/rpc/json-encode.ts'
import { type Block } from '../../../src/chain/blocks/block.ts'
import { testAddress } from '../../support/execution-chain.ts'
import { signedTx } from '../../support/execution-transactions.ts'
import { asJson } from '../../support/rpc-answer.ts'
import { orderedRoot } from '../../../src/trie/ordered-root.ts'
import { openRpcChain, type RpcChainFixture } from './rpc-chain.ts'

const UNKNOWN: Hex = `0x${'ee'.repeat(32)}`
const hex = (value: bigint | number) => `0x${value.toString(16)}`

describe('bytes', () => {
  let rpc: RpcChainFixture

  before(async () => {
    rpc = await openRpcChain()
  })

  it('of a transaction are those that were sent, however they are asked for', async () => {
    for (const { hash: blockHash, number, transactions } of rpc.blocks) {
      for (const [index, raw] of transactions.entries()) {
        const { hash } = Transaction.from(bytesToHex(raw))
        for (const [method, ...params] of [
          ['eth_getRawTransactionByHash', hash],
          ['debug_getRawTransaction', hash],
          ['eth_getRawTransactionByBlockHashAndIndex', blockHash, hex(index)],
          ['eth_getRawTransactionByBlockNumberAndIndex', hex(number), hex(index)]
        ] as const) {
          assert.equal(await rpc.result(method, ...params), bytesToHex(raw), method)
        }
      }
    }
  })
  it('of a transaction in the pool are there too', async () => {
    const raw = bytesToHex(signedTx({ from: 4, to: testAddress(5), value: 1n }))
    const hash = await rpc.result('eth_sendRawTransaction', raw)
    assert.equal(await rpc.result('eth_getRawTransactionByHash', hash), raw)
    assert.equal(await rpc.result('debug_getRawTransaction', hash), raw)
  })
  it('of a header hash to the block, and of a block are decoded by another library', async () => {
    for (const { hash, number, transactions } of rpc.blocks) {
      for (const param of [hex(number), hash, { blockHash: hash }]) {
        const header = String(await rpc.result('debug_getRawHeader', param))
        assert.equal(bytesToHex(keccak256(hexToBytes(header))), hash)
      }
      const encoded = hexToBytes(String(await rpc.result('debug_getRawBlock', hash)))
      const [header = [], body, ommers, withdrawals] = RLP.decode(encoded) as Uint8Array[][]
      assert.equal(bytesToHex(keccak256(RLP.encode(header))), hash)
      assert.equal(body?.length, transactions.length)
      assert.deepEqual([ommers, withdrawals], [[], []])
    }
  })
  it('of a block are as many as its size says, typed or not, short and long', () => {
    for (const dataBytes of [0, 40, 55, 56, 255, 256, 70_000]) {
      const raw = signedTx({ type: dataBytes % 2 === 0 ? 0 : 2, data: new Uint8Array(dataBytes) })
      const block: Block = { ...rpc.blocks[0]!, transactions: [raw, raw] }
      const encoded = encodeBlock(block)
      assert.equal(encoded.length, blockSizeBytes(block))
      assert.deepEqual(RLP.encode(RLP.decode(encoded)), encoded)
    }
  })
  it('of receipts give the receipts root', async () => {
    for (const { hash, header } of rpc.blocks) {
      const encoded = (await rpc.result('debug_getRawReceipts', hash)) as readonly string[]
      const expected = (rpc.receipts.get(hash) ?? []).map((one) => bytesToHex(encodeReceipt(one)))
      assert.deepEqual(encoded, expected)
      assert.deepEqual(orderedRoot(encoded.map((one) => hexToBytes(one))), header.receiptsRoot)
    }
  })
  for (const [method, params, result] of [
    ['eth_getRawTransactionByHash', [UNKNOWN], '0x'],
    ['debug_getRawTransaction', [UNKNOWN], '0x'],
    ['eth_getRawTransactionByBlockHashAndIndex', [UNKNOWN, '0x0'], '0x'],
    ['eth_getRawTransactionByBlockNumberAndIndex', ['0x1', '0x3'], '0x'],
    ['eth_getRawTransactionByBlockNumberAndIndex', ['0x9', '0x0'], '0x'],
    ['eth_getRawTransactionByBlockNumberAndIndex', ['pending', '0x0'], '0x'],
    ['debug_getRawHeader', ['0x9'], '0x'],
    ['debug_getRawBlock', ['0x9'], '0x'],
    ['debug_getRawReceipts', ['0x9'], null]
  ] as const) {
    it(`of what is not there are ${String(result)}: ${method} ${params.join(' ')}`, async () => {
      assert.equal(await rpc.result(method, ...params), result)
    })
  }
  for (const method of ['debug_getRawHeader', 'debug_getRawBlock', 'debug_getRawReceipts']) {
    it(`of a block that its name does not find are an error of ${method}`, async () => {
      for (const [param, message] of [
        [UNKNOWN, `block ${UNKNOWN} not found`],
        ['pending', 'block pending not found'],
        ['safe', 'safe block not found']
      ] as const) {
        assert.deepEqual((await rpc.ask(method, param)).error, { code: -32000, message })
      }
    })
  }
})

describe('ommers', () => {
  let rpc: RpcChainFixture

  before(async () => {
    rpc = await openRpcChain()
  })

  it('are none in every block, and null where there is no block', async () => {
    const { hash } = rpc.blocks[1]!
    for (const param of ['0x1', 'latest', 'pending', 'earliest']) {
      assert.equal(await rpc.result('eth_getUncleCountByBlockNumber', param), '0x0')
      assert.equal(await rpc.result('eth_getUncleByBlockNumberAndIndex', param, '0x0'), null)
    }
    assert.equal(await rpc.result('eth_getUncleCountByBlockHash', hash), '0x0')
    assert.equal(await rpc.result('eth_getUncleByBlockHashAndIndex', hash, '0x0'), null)
    assert.equal(await rpc.result('eth_getUncleCountByBlockNumber', '0x9'), null)
    assert.equal(await rpc.result('eth_getUncleCountByBlockHash', UNKNOWN), null)
    const { error } = await rpc.ask('eth_getUncleCountByBlockNumber', 'safe')
    assert.deepEqual(error, { code: -32000, message: 'safe block not found' })
  })
})

describe('what is made while it is written', () => {
  it('is the text that JSON.stringify gives', async () => {
    const bytes = Uint8Array.from({ length: 40_000 }, (_, index) => index % 251)
    const rows = [
      [new JsonHex(bytes), bytesToHex(bytes)],
      [new JsonHex(bytes.subarray(3, 3)), '0x'],
      [new JsonFields([]), {}],
      [
        new JsonFields([
          ['a', 1],
          ['b "', new JsonItems([new JsonHex(bytes.subarray(0, 2))])]
        ]),
        { a: 1, 'b "': ['0x0001'] }
      ],
      [
        { x: new JsonHex(bytes.subarray(7, 9)), y: new JsonFields([['z', null]]) },
        { x: '0x0708', y: { z: null } }
      ]
    ] as const
    for (const [value, expected] of rows) assert.deepEqual(await asJson(value), expected)
  })
  it('lets others have their turn between slices of bytes, and between fields', async () => {
    let turns = 0
    const yielder = { maybeYield: () => void (turns += 1) }
    let longest = 0
    const sink = { write: (text: string) => void (longest = Math.max(longest, text.length)) }
    await encodeJson(new JsonHex(new Uint8Array(1_000_000)), sink, yielder)
    assert.ok(
      turns > 50 && longest < 40_000,
      `${String(turns)} turns, ${String(longest)} characters`
    )
    turns = 0
    await encodeJson(
      new JsonFields(Array.from({ length: 10 }, (_, at) => [String(at), at])),
      sink,
      yielder
    )
    assert.equal(turns, 10)
  })
})
