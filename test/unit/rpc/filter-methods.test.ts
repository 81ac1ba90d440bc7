// Filters that are polled: what each poll brings, whose they are, and when they end.
import assert from 'node:assert/strict'
import { bytesToHex, type Hex } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { ChainFeed, HEADS_KEPT_MAX, TRANSACTIONS_KEPT_MAX } from '../../../src/rpc/chain-feed.ts'
import { filterMethods } from '../../../src/rpc/filter-methods.ts'
import {
  FILTER_LIFETIME_MS,
  Filters,
  FILTERS_MAX,
  FILTERS_PER_CLIENT_MAX
} from '../../../src/rpc/filters.ts'
import { RpcError } from '../../../src/rpc/rpc-error.ts'
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts'
import { asJson, rpcContext } from '../../support/rpc-answer.ts'
import { BLOCK_TRANSACTIONS, callerTopic, openRpcChain, type RpcChainFixture } from './rpc-chain.ts'

const NOT_FOUND = { code: -32000, message: 'filter not found' }
const hashOf = (raw: Uint8Array) => bytesToHex(keccak256(raw))

let rpc: RpcChainFixture
let feed: ChainFeed
let clock: ManualClock
let filters: Filters

async function ask(method: string, params: readonly unknown[] = [], client = ''): Promise<unknown> {
  const methods = filterMethods({ ...rpc.deps, feed, filters })
  const caller = { client, subscriber: undefined }
  return asJson(methods[method]!(params, { ...rpcContext(), caller }))
}

/** Blocks of the fixture become the head, in this order. */
function addHeads(...numbers: readonly number[]): void {
  for (const number of numbers) feed.addHead(rpc.blocks[number]!)
}

const removed = (log: unknown) => (log as { removed: boolean }).removed
const words = (logs: unknown) =>
  (logs as readonly { blockNumber: string; data: string }[]).map(
    ({ blockNumber, data }) => `${Number(blockNumber)} ${data.slice(-2)}`
  )

/** The hooks of each group of tests. */
function useFixture(): void {
  before(async () => {
    rpc = await openRpcChain()
  })
  beforeEach(() => {
    feed = new ChainFeed()
    clock = createManualClock()
    filters = new Filters(feed, clock)
  })
}

describe('a filter', () => {
  useFixture()

  it('on blocks brings the hashes of those that came since the last poll', async () => {
    addHeads(0)
    const id = await ask('eth_newBlockFilter')
    assert.match(String(id), /^0x[0-9a-f]{20,32}$/)
    assert.deepEqual(await ask('eth_getFilterChanges', [id]), [])
    addHeads(1, 2)
    const [, one, two] = rpc.blocks
    assert.deepEqual(await ask('eth_getFilterChanges', [id]), [one!.hash, two!.hash])
    assert.deepEqual(await ask('eth_getFilterChanges', [id]), [])
  })
  it('on logs brings those that match, in new blocks', async () => {
    const all = await ask('eth_newFilter', [{}])
    const some = await ask('eth_newFilter', [{ topics: [null, callerTopic(2)] }])
    const early = await ask('eth_newFilter', [{ fromBlock: '0x0', toBlock: '0x2' }])
    addHeads(0, 1, 2, 3)
    assert.deepEqual(words(await ask('eth_getFilterChanges', [all])), ['1 aa', '3 bb', '3 cc'])
    assert.deepEqual(words(await ask('eth_getFilterChanges', [some])), ['3 cc'])
    assert.deepEqual(words(await ask('eth_getFilterChanges', [early])), ['1 aa'])
    assert.deepEqual(await ask('eth_getFilterChanges', [all]), [])
  })
  it('on logs brings those of blocks that another branch took out as removed', async () => {
    const id = await ask('eth_newFilter', [{}])
    addHeads(0, 1, 2, 3)
    await ask('eth_getFilterChanges', [id])
    feed.addHead({
      ...rpc.blocks[2]!,
      hash: `0x${'99'.repeat(32)}`,
      parentHash: rpc.blocks[0]!.hash
    })
    feed.addHead(rpc.blocks[1]!) // and back again
    const logs = await ask('eth_getFilterChanges', [id]).catch((thrown: unknown) => thrown)
    assert.ok(logs instanceof RpcError) // the block of the other branch is not stored
    assert.match(logs.message, /block 2 is not stored/)
  })
  it('on logs tells of a branch that replaces another, the newest block first', async () => {
    const id = await ask('eth_newFilter', [{}])
    addHeads(0, 1, 2, 3)
    await ask('eth_getFilterChanges', [id])
    addHeads(1)
    const logs = (await ask('eth_getFilterChanges', [id])) as readonly unknown[]
    assert.deepEqual(words(logs), ['3 bb', '3 cc', '1 aa', '1 aa'])
    assert.deepEqual(logs.map(removed), [true, true, true, false])
  })
  it('on logs gives all of the range to eth_getFilterLogs, and other filters have none', async () => {
    const id = await ask('eth_newFilter', [{ fromBlock: '0x0' }])
    assert.deepEqual(words(await ask('eth_getFilterLogs', [id])), ['1 aa', '3 bb', '3 cc'])
    const blocks = await ask('eth_newBlockFilter')
    await assert.rejects(ask('eth_getFilterLogs', [blocks]), NOT_FOUND)
  })
  it('on transactions brings hashes, or all of each', async () => {
    const hashes = await ask('eth_newPendingTransactionFilter')
    const full = await ask('eth_newPendingTransactionFilter', [true])
    const hash = hashOf(BLOCK_TRANSACTIONS[0]![0]!)
    feed.addTransaction(hash)
    feed.addTransaction(`0x${'77'.repeat(32)}`) // dropped since
    assert.deepEqual(await ask('eth_getFilterChanges', [hashes]), [hash, `0x${'77'.repeat(32)}`])
    const [one, ...others] = (await ask('eth_getFilterChanges', [full])) as Record<
      string,
      unknown
    >[]
    assert.deepEqual([one?.hash, one?.blockHash, others], [hash, null, []])
  })
  for (const [what, criteria, error] of [
    ['pending', { toBlock: 'pending' }, 'pending logs are not supported'],
    ['a range upside down', { fromBlock: '0x2', toBlock: '0x1' }, 'invalid block range params'],
    ['latest to a height', { toBlock: '0x1' }, 'invalid block range params'],
    ['safe', { fromBlock: 'safe' }, 'invalid block range params']
  ] as const) {
    it(`is not made on ${what}`, async () => {
      await assert.rejects(ask('eth_newFilter', [criteria]), { code: -32000, message: error })
    })
  }
})

describe('the end of a filter', () => {
  useFixture()

  it('is told by the one word, and once', async () => {
    const id = await ask('eth_newBlockFilter')
    assert.equal(await ask('eth_uninstallFilter', [id]), true)
    assert.equal(await ask('eth_uninstallFilter', [id]), false)
    for (const one of [id, '0x1', 'x']) {
      await assert.rejects(ask('eth_getFilterChanges', [one]), NOT_FOUND)
      await assert.rejects(ask('eth_getFilterLogs', [one]), NOT_FOUND)
    }
  })
  it('comes five minutes after the last poll', async () => {
    const [polled, left] = [await ask('eth_newBlockFilter'), await ask('eth_newBlockFilter')]
    await clock.advance(FILTER_LIFETIME_MS - 1)
    assert.deepEqual(await ask('eth_getFilterChanges', [polled]), [])
    await clock.advance(1)
    await assert.rejects(ask('eth_getFilterChanges', [left]), NOT_FOUND)
    await clock.advance(FILTER_LIFETIME_MS - 2)
    assert.deepEqual(await ask('eth_getFilterChanges', [polled]), [])
    await clock.advance(FILTER_LIFETIME_MS)
    assert.equal(filters.count, 0)
  })
  it('comes when more blocks came than are kept; of transactions the newest are left', async () => {
    const [blocks, logs, hashes] = [
      await ask('eth_newBlockFilter'),
      await ask('eth_newFilter', [{}]),
      await ask('eth_newPendingTransactionFilter')
    ]
    const hashAt = (at: number): Hex => `0x${at.toString(16).padStart(64, '0')}`
    for (let at = 1; at <= HEADS_KEPT_MAX + 1; at++) {
      feed.addHead({ number: BigInt(at), hash: hashAt(at), parentHash: hashAt(at - 1) })
    }
    for (let at = 0; at <= TRANSACTIONS_KEPT_MAX; at++) feed.addTransaction(hashAt(at))
    await assert.rejects(ask('eth_getFilterChanges', [blocks]), NOT_FOUND)
    await assert.rejects(ask('eth_getFilterChanges', [logs]), NOT_FOUND)
    const kept = (await ask('eth_getFilterChanges', [hashes])) as readonly Hex[]
    assert.deepEqual([kept.length, kept[0]], [TRANSACTIONS_KEPT_MAX, hashAt(1)])
  })
  it('comes for the one of the client with most, when there are too many', async () => {
    const first = await ask('eth_newBlockFilter', [], '10.0.0.1')
    const own = await ask('eth_newBlockFilter')
    for (let at = 2; at < FILTERS_MAX; at++) await ask('eth_newBlockFilter')
    assert.equal(filters.count, FILTERS_MAX)
    await ask('eth_newBlockFilter', [], '10.0.0.2')
    assert.equal(filters.count, FILTERS_MAX)
    assert.deepEqual(await ask('eth_getFilterChanges', [first]), [])
    await assert.rejects(ask('eth_getFilterChanges', [own]), NOT_FOUND)
  })
  it('is asked of a client that has too many', async () => {
    for (let at = 0; at < FILTERS_PER_CLIENT_MAX; at++) {
      await ask('eth_newBlockFilter', [], '10.0.0.1')
    }
    await assert.rejects(ask('eth_newBlockFilter', [], '10.0.0.1'), {
      code: -32005,
      message: /^limit exceeded: 128 filters of one client/
    })
    assert.match(String(await ask('eth_newBlockFilter', [], '10.0.0.2')), /^0x/)
  })
  it('comes for the largest when all criteria together are too large', async () => {
    const large = {
      address: Array.from({ length: 256 }, (_, at) => `0x${at.toString(16).padStart(40, '0')}`)
    }
    const small = await ask('eth_newFilter', [{}])
    const ids: unknown[] = []
    for (let at = 0; at < 160; at++) ids.push(await ask('eth_newFilter', [large]).catch(() => null))
    assert.ok(filters.count < 160, String(filters.count))
    assert.deepEqual(await ask('eth_getFilterChanges', [small]), [])
  })
})
