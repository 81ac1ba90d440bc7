// A chain that was joined at its top is filled downwards, from peers that serve, lack old diffs, lie and come back.
import assert from 'node:assert/strict'
import { type SignedBlock } from '../../../src/chain/blocks/block.ts'
import { takeReceipts } from '../../../src/apply/diff-receipts.ts'
import { silentLog } from '../../../src/base/log.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import { type KeyValueStore } from '../../../src/store/key-value-store.ts'
import { createBackfill, type HistoryDepth } from '../../../src/sync/holes/backfill.ts'
import { createBlockFetcher } from '../../../src/sync/fetching/range-fetcher.ts'
import { createManualClock, settle } from '../../support/manual-clock.ts'
import { signChain, signChild, testGenesisBlock, testReceipts } from '../../support/signed-chain.ts'
import { openTestChain } from '../chain/chain-fixture.ts'
import { createStubPeers, serving, servingByHash, type StubPeer } from './blocks-fixture.ts'
import { diffOf, faultsOf } from './holes-fixture.ts'

const LENGTH = 40
const CHAIN = signChain(testGenesisBlock(), LENGTH, { transactionsCount: 1 })
const at = (number: number): SignedBlock => CHAIN[number - 1]!
const whole: StubPeer = { range: serving(CHAIN), byHash: servingByHash(CHAIN) }
const LIE = new Uint8Array(200).fill(1)

interface FillOptions {
  readonly peers?: Record<string, StubPeer>
  readonly depth?: HistoryDepth
  /** The lowest height whose diff is served. */
  readonly oldestDiff?: number
  /** The chain has genesis alone until `jump`. */
  readonly isLate?: boolean
}

/** A chain whose head is its last block, without those below, and what fills it. */
async function joined({
  peers = { a: whole },
  depth = 'all',
  oldestDiff = 1,
  isLate = false
}: FillOptions = {}) {
  const store: KeyValueStore = createMemoryStore()
  const { blocks, accepted } = await openTestChain(store)
  const jump = async () => {
    const top = at(LENGTH)
    await blocks.persistReceipts([{ block: top, receipts: testReceipts(top) }])
    await blocks.persistJump(at(LENGTH))
  }
  if (!isLate) await jump()
  const clock = createManualClock()
  const stubs = createStubPeers(peers)
  const fetcher = createBlockFetcher({
    clock,
    blocks: stubs,
    peers: () => Object.keys(peers),
    onSlow: () => undefined
  })
  const beside: string[] = []
  let readBackCount = 0
  const backfill = createBackfill({
    clock,
    log: silentLog,
    depth,
    blocks: { accepted, fetcher },
    chain: {
      head: () => blocks.head(),
      history: () => blocks.history(),
      canonicalHash: (number) => blocks.canonicalHash(number),
      block(hash) {
        readBackCount += 1
        return accepted.namedBlock(hash)
      },
      acceptedAt: (number) => accepted.acceptedAt(number),
      putBelow: (below) => blocks.persistBelow(below),
      takeReceipts: (steps) => takeReceipts(blocks, steps)
    },
    onBeside: (block) => void beside.push(block.hash),
    oldestServedDiff: () => BigInt(oldestDiff),
    async fetchDiffs({ first, last }, take) {
      for (let number = first; number <= last; number++) {
        if (number < oldestDiff) return { kind: 'failed', reason: 'too old' }
        await take({ first: number, diffs: [diffOf(at(Number(number)))], peer: 'a' })
      }
      return { kind: 'done' }
    }
  })
  const reopened = async () => (await openTestChain(store)).blocks
  const world = { store, blocks, accepted, jump, beside, backfill, clock, peers, stubs, reopened }
  return { ...world, readBackCount: () => readBackCount }
}

const never = new AbortController().signal

describe('the back-fill', () => {
  it('brings all blocks with their receipts, so that nothing is at fault', async () => {
    const { store, backfill, reopened } = await joined()
    assert.equal(await backfill.down(1n, never), undefined)
    const blocks = await reopened()
    assert.deepEqual(blocks.history(), { oldestBlock: 1n, oldestReceipts: 1n })
    for (const block of CHAIN) {
      assert.equal(blocks.blockByNumber(block.number)?.hash, block.hash)
      assert.deepEqual(blocks.receipts(block.hash), testReceipts(block))
    }
    assert.deepEqual(await faultsOf(store), [])
  })
  it('reads no block back that came in the same walk', async () => {
    const { blocks, backfill, readBackCount } = await joined()
    await backfill.down(1n, never)
    assert.equal(blocks.history().oldestBlock, 1n)
    assert.equal(readBackCount(), 0)
  })
  it('ends where it was asked to, and a chain that ends there is at no fault', async () => {
    const { store, blocks, backfill } = await joined()
    await backfill.down(11n, never)
    assert.equal(blocks.history().oldestBlock, 11n)
    assert.equal(blocks.canonicalHash(10n), undefined)
    assert.equal(blocks.canonicalHash(0n), testGenesisBlock().hash)
    assert.deepEqual(await faultsOf(store), [])
  })
  it('brings blocks without receipts where nobody keeps diffs so old', async () => {
    const { store, blocks, backfill } = await joined({ oldestDiff: 21 })
    await backfill.down(1n, never)
    assert.deepEqual(blocks.history(), { oldestBlock: 1n, oldestReceipts: 21n })
    assert.equal(blocks.receipts(at(20).hash), undefined)
    assert.deepEqual(await faultsOf(store), [])
  })
  it('says why it ended where nobody serves the rest, and goes on from there', async () => {
    const peers: Record<string, StubPeer> = {}
    const { blocks, backfill } = await joined({ peers })
    assert.equal(typeof (await backfill.down(1n, never)), 'string')
    assert.equal(blocks.history().oldestBlock, BigInt(LENGTH))
    peers.a = whole
    assert.equal(await backfill.down(1n, never), undefined)
    assert.equal(blocks.history().oldestBlock, 1n)
  })
  it('tells of a block of our key that stands beside one that it brought', async () => {
    const { accepted, beside, backfill } = await joined()
    const twin = signChild(at(19), { salt: 5 })
    await accepted.accept([twin])
    await backfill.down(1n, never)
    assert.deepEqual(beside, [twin.hash])
  })
  it('takes nothing that no child names', async () => {
    const lying: StubPeer = { range: () => [{ version: 3, message: LIE }], byHash: () => [] }
    const { blocks, backfill } = await joined({ peers: { liar: lying, a: whole } })
    assert.equal(await backfill.down(1n, never), undefined)
    assert.equal(blocks.blockByNumber(1n)?.hash, at(1).hash)
    const { blocks: other } = await joined()
    await assert.rejects(other.persistBelow([at(LENGTH - 2)]), /not.proven|names/i)
    assert.equal(other.history().oldestBlock, BigInt(LENGTH))
  })
  it('fills behind the head to its depth, and further down only where that is needed', async () => {
    const { blocks, backfill } = await joined({ depth: 10n })
    const stop = new AbortController()
    const running = backfill.run(stop.signal)
    try {
      await settle()
      assert.equal(blocks.history().oldestBlock, BigInt(LENGTH - 9))
      backfill.need(5n)
      await settle()
      assert.equal(blocks.history().oldestBlock, 5n)
      assert.equal(backfill.shown().wanted, 5n)
    } finally {
      stop.abort(new Error('stopped'))
      await running
    }
  })
  it('goes on behind the head once a jump brought its last hashes', async () => {
    const { blocks, backfill, jump } = await joined({ isLate: true })
    const stop = new AbortController()
    const running = backfill.run(stop.signal)
    try {
      await settle()
      await jump()
      await backfill.down(BigInt(LENGTH - 5), never)
      await settle()
      assert.equal(blocks.history().oldestBlock, 1n)
    } finally {
      stop.abort(new Error('stopped'))
      await running
    }
  })
  it('asks again after a pause, and at once where somebody came', async () => {
    const peers: Record<string, StubPeer> = {}
    const { blocks, backfill } = await joined({ peers })
    const stop = new AbortController()
    const running = backfill.run(stop.signal)
    try {
      await settle()
      assert.equal(typeof backfill.shown().reason, 'string')
      peers.a = whole
      backfill.wake()
      await settle()
      assert.equal(blocks.history().oldestBlock, 1n)
      assert.equal(backfill.shown().reason, undefined)
    } finally {
      stop.abort(new Error('stopped'))
      await running
    }
  })
})

describe('a jump', () => {
  it('is for a chain that has genesis alone', async () => {
    const { blocks } = await openTestChain(createMemoryStore())
    await blocks.persist(at(1), testReceipts(at(1)))
    await assert.rejects(blocks.persistJump(at(LENGTH)), RangeError)
    assert.equal(blocks.head().hash, at(1).hash)
  })
  it('is there after the store is opened anew, and blocks go on from it', async () => {
    const { store, reopened } = await joined()
    const blocks = await reopened()
    assert.equal(blocks.head().hash, at(LENGTH).hash)
    assert.deepEqual(blocks.history(), {
      oldestBlock: BigInt(LENGTH),
      oldestReceipts: BigInt(LENGTH)
    })
    assert.deepEqual(await faultsOf(store), [])
  })
})
