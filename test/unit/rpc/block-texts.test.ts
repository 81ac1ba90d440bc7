// What is kept of blocks as text: the same answer whether it is kept or not, and no more than its bounds.
import assert from 'node:assert/strict'
import { type Hex } from '../../../src/base/bytes.ts'
import {
  BlockTexts,
  charsOfLog,
  type LogText,
  TextCollector
} from '../../../src/rpc/block-texts.ts'
import { openRpcChain, type RpcChainFixture } from './rpc-chain.ts'

const hashOf = (number: number): Hex => `0x${number.toString(16).padStart(64, '0')}`
const MEBI = 2 ** 20

function logOf(chars: number): LogText {
  return { address: '0x', topics: [], text: 'x'.repeat(chars) }
}

describe('texts of blocks', () => {
  it('are there until others take their place, those asked for least lately first', () => {
    const texts = new BlockTexts({ maxChars: 1_000 })
    texts.add(hashOf(1), { transactions: 'a'.repeat(400) })
    texts.add(hashOf(2), { transactions: 'b'.repeat(400) })
    assert.equal(texts.get(hashOf(1)).transactions?.length, 400)
    texts.add(hashOf(3), { transactions: 'c'.repeat(400) })
    assert.deepEqual(texts.get(hashOf(2)), {})
    assert.equal(texts.get(hashOf(1)).transactions?.length, 400)
    assert.equal(texts.get(hashOf(3)).transactions?.length, 400)
  })

  it('of one block add up, and count once', () => {
    const log = logOf(100)
    const texts = new BlockTexts({ maxChars: 400 + charsOfLog(log) })
    for (let times = 0; times < 3; times++) {
      texts.add(hashOf(1), { transactions: 'a'.repeat(400) })
      texts.add(hashOf(1), { logs: [log] })
    }
    assert.deepEqual(texts.get(hashOf(1)), { transactions: 'a'.repeat(400), logs: [log] })
    texts.add(hashOf(2), { transactions: 'b' })
    assert.deepEqual(texts.get(hashOf(1)), {})
  })

  it('that are too large for one block are not kept', () => {
    const texts = new BlockTexts()
    texts.add(hashOf(1), { transactions: 'a'.repeat(MEBI + 1) })
    assert.deepEqual(texts.get(hashOf(1)), {})
    const collector = new TextCollector<string>()
    collector.add('a', MEBI)
    assert.deepEqual(collector.whole, ['a'])
    collector.add('b', 1)
    assert.equal(collector.whole, undefined)
  })

  it('of more blocks than are kept make room', () => {
    const texts = new BlockTexts()
    for (let number = 0; number <= 256; number++) texts.add(hashOf(number), { transactions: 'a' })
    assert.deepEqual(texts.get(hashOf(0)), {})
    assert.deepEqual(texts.get(hashOf(1)), { transactions: 'a' })
  })

  it('begin to be kept when a block is asked for a second time', () => {
    const texts = new BlockTexts()
    assert.equal(texts.isAskedAgain(hashOf(1)), false)
    assert.equal(texts.isAskedAgain(hashOf(1)), true)
    assert.equal(texts.isAskedAgain(hashOf(2)), false)
  })
})

describe('answers about blocks', () => {
  let rpc: RpcChainFixture
  before(async () => {
    rpc = await openRpcChain()
  })

  for (const [what, method, ...params] of [
    ['logs of all blocks', 'eth_getLogs', { fromBlock: '0x0', toBlock: 'latest' }],
    ['a block with its transactions', 'eth_getBlockByNumber', '0x3', true],
    ['a block without transactions', 'eth_getBlockByNumber', '0x0', true],
    ['receipts', 'eth_getBlockReceipts', '0x3']
  ] as const) {
    it(`are the same for ${what}, asked the first, second and third time`, async () => {
      const answers = [
        await rpc.result(method, ...params),
        await rpc.result(method, ...params),
        await rpc.result(method, ...params)
      ]
      assert.deepEqual(answers[1], answers[0])
      assert.deepEqual(answers[2], answers[0])
    })
  }

  it('are filtered as before where they are kept', async () => {
    const all = (await rpc.result('eth_getLogs', { fromBlock: '0x0', toBlock: 'latest' })) as {
      readonly topics: readonly Hex[]
    }[]
    const topic = all[0]?.topics[0]
    const filter = { fromBlock: '0x0', toBlock: 'latest', topics: [topic] }
    const wanted = all.filter(({ topics }) => topics[0] === topic)
    assert.deepEqual(await rpc.result('eth_getLogs', filter), wanted)
    assert.deepEqual(await rpc.result('eth_getLogs', { ...filter, topics: [hashOf(7)] }), [])
  })
})
