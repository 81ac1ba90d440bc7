// eth_getLogs: which logs a filter finds, and what is asked for in vain.
import assert from 'node:assert/strict'
import { type Hex } from '../../../src/base/bytes.ts'
import { type Block } from '../../../src/chain/blocks/block.ts'
import { encodeReceipts, type Receipt } from '../../../src/chain/blocks/receipt.ts'
import { readReceipts } from '../../../src/chain/stored/stored-receipts.ts'
import { BlockTexts } from '../../../src/rpc/block-texts.ts'
import { LOG_RANGE_MAX_BLOCKS, logMethods, LOGS_MAX } from '../../../src/rpc/log-methods.ts'
import { RpcError } from '../../../src/rpc/rpc-error.ts'
import { asJson, rpcContext } from '../../support/rpc-answer.ts'
import { childBlock, testGenesisBlock, testReceipts } from '../../support/signed-chain.ts'
import {
  callerTopic,
  KEEPER,
  LOGGER,
  openRpcChain,
  type RpcChainFixture,
  TOPIC
} from './rpc-chain.ts'

const OTHER_TOPIC: Hex = `0x${'77'.repeat(32)}`
const ALL = { fromBlock: '0x0', toBlock: 'latest' }

let rpc: RpcChainFixture

/** The hooks of each group of tests. */
function useFixture(): void {
  before(async () => {
    rpc = await openRpcChain()
  })
}

/** Block, index in it and last byte of the words that were logged: "1/0 aa", "3/0 bb", "3/1 cc" in all. */
async function logged(filter: object): Promise<readonly string[]> {
  const logs = (await rpc.result('eth_getLogs', filter)) as readonly Record<string, string>[]
  return logs.map(({ blockNumber, logIndex, data }) => {
    return `${Number(blockNumber)}/${Number(logIndex)} ${data?.slice(-2)}`
  })
}

const EVERY = ['1/0 aa', '3/0 bb', '3/1 cc']

describe('eth_getLogs', () => {
  useFixture()

  const rows: readonly (readonly [what: string, filter: object, found: readonly string[]])[] = [
    ['all there are', ALL, EVERY],
    ['those of the head where no range is given', {}, ['3/0 bb', '3/1 cc']],
    ['those of a range', { fromBlock: '0x0', toBlock: '0x2' }, ['1/0 aa']],
    ['those of one block', { fromBlock: '0x3', toBlock: '0x3' }, ['3/0 bb', '3/1 cc']],
    ['none of an empty block', { fromBlock: '0x2', toBlock: '0x2' }, []],
    ['those of one address', { ...ALL, address: LOGGER }, EVERY],
    ['those of one of two addresses', { ...ALL, address: [KEEPER, LOGGER] }, EVERY],
    ['those of any address where the list is empty', { ...ALL, address: [] }, EVERY],
    ['none of another address', { ...ALL, address: KEEPER }, []],
    ['those with a topic', { ...ALL, topics: [TOPIC] }, EVERY],
    ['none with another topic', { ...ALL, topics: [OTHER_TOPIC] }, []],
    [
      'those with a topic at the second place',
      { ...ALL, topics: [null, callerTopic(1)] },
      ['1/0 aa', '3/0 bb']
    ],
    ['none with a topic at another place', { ...ALL, topics: [callerTopic(1)] }, []],
    [
      'those with one of two topics',
      { ...ALL, topics: [[OTHER_TOPIC, TOPIC], [callerTopic(2)]] },
      ['3/1 cc']
    ],
    ['those with any topic at a place', { ...ALL, topics: [[], [callerTopic(2)]] }, ['3/1 cc']],
    ['none with more topics than a log has', { ...ALL, topics: [TOPIC, null, OTHER_TOPIC] }, []],
    [
      'those of an address and a topic',
      { ...ALL, address: LOGGER, topics: [TOPIC, callerTopic(2)] },
      ['3/1 cc']
    ]
  ]
  for (const [what, filter, found] of rows) {
    it(`finds ${what}`, async () => {
      assert.deepEqual(await logged(filter), found)
    })
  }
  it('finds those of a block by its hash', async () => {
    assert.deepEqual(await logged({ blockHash: rpc.blocks[1]!.hash }), ['1/0 aa'])
  })
  it('gives a log as its receipt does', async () => {
    const logs = await rpc.result('eth_getLogs', ALL)
    const receipts = await Promise.all(
      ['0x1', '0x3'].map((number) => rpc.result('eth_getBlockReceipts', number))
    )
    const expected = (receipts.flat() as readonly { logs: readonly unknown[] }[]).flatMap(
      (one) => one.logs
    )
    assert.deepEqual(logs, expected)
  })
  it('goes by how geth treats a wildcard beyond a log’s topics', async () => {
    // A log has to have a place for each one that is named, wildcards too.
    assert.deepEqual(await logged({ ...ALL, topics: [TOPIC, null, null] }), [])
  })
  const wrong: readonly (readonly [what: string, filter: object, code: number, message: RegExp])[] =
    [
      ['an unknown block', { blockHash: OTHER_TOPIC }, -32000, /^block not found$/],
      [
        'a range above the head',
        { fromBlock: '0x4', toBlock: '0x5' },
        -32602,
        /beyond current head/
      ],
      [
        'a range that ends above the head',
        { fromBlock: '0x1', toBlock: '0x4' },
        -32602,
        /^block range extends beyond current head block$/
      ],
      [
        'a range that goes down',
        { fromBlock: '0x3', toBlock: '0x1' },
        -32602,
        /^invalid block range params: fromBlock is above toBlock$/
      ],
      [
        'a hash and a range',
        { blockHash: OTHER_TOPIC, fromBlock: '0x1' },
        -32602,
        /blockHash excludes/
      ]
    ]
  for (const [what, filter, code, message] of wrong) {
    it(`refuses ${what}`, async () => {
      const { error } = await rpc.ask('eth_getLogs', filter)
      assert.equal(error?.code, code)
      assert.match(error.message, message)
    })
  }
})

describe('the bounds of eth_getLogs', () => {
  useFixture()

  /** A chain of the same block at every height up to `highest`, but for its hash. */
  function chainOf(block: Block, receipts: readonly Receipt[], highest: bigint) {
    const at = (number: bigint) =>
      number <= highest ? { ...block, number, hash: hashAt(number) } : undefined
    return {
      head: () => ({ ...block, number: highest }),
      pending: () => block,
      blockByNumber: at,
      oldestBlock: () => 1n,
      blockByHash: () => undefined,
      receipts: () => readReceipts(encodeReceipts(receipts)),
      transactionLocation: () => undefined
    }
  }
  function hashAt(number: bigint): Hex {
    return `0x${number.toString(16).padStart(64, '0')}`
  }
  const empty = childBlock(testGenesisBlock())
  const full = childBlock(testGenesisBlock(), { transactionsCount: 10 })

  async function ask(chain: ReturnType<typeof chainOf>, filter: object): Promise<unknown> {
    const methods = logMethods({
      chain,
      node: { gateShut: () => undefined },
      texts: new BlockTexts()
    })
    return asJson(methods.eth_getLogs?.([filter], rpcContext()))
  }

  it('are so many blocks', async () => {
    const chain = chainOf(empty, [], LOG_RANGE_MAX_BLOCKS)
    assert.deepEqual(await ask(chain, { fromBlock: '0x1', toBlock: 'latest' }), [])
    await assert.rejects(
      ask(chain, ALL),
      new RpcError(-32005, '10001 blocks asked for, at most 10000; ask for them in several parts')
    )
  })
  it('are so many logs', async () => {
    // Ten logs a block.
    const atMost = chainOf(full, testReceipts(full), BigInt(LOGS_MAX) / 10n)
    const logs = await ask(atMost, { fromBlock: '0x1', toBlock: 'latest' })
    assert.ok(Array.isArray(logs))
    assert.equal(logs.length, LOGS_MAX)
    await assert.rejects(
      ask(atMost, ALL),
      new RpcError(
        -32005,
        'more than 10000 logs; ask for fewer blocks, or for one address or topic'
      )
    )
  })
  it('do not keep the event loop from others', async () => {
    const chain = chainOf(full, testReceipts(full), 900n)
    let isDone = false
    let turnsCount = 0
    const asking = ask(chain, { fromBlock: '0x1', toBlock: 'latest' }).then(() => {
      isDone = true
    })
    while (!isDone) {
      await new Promise((resolve) => setImmediate(resolve))
      turnsCount++
    }
    await asking
    assert.ok(turnsCount > 1, `${turnsCount} turns`)
  })
})
