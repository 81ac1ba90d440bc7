// Fetching ranges from several peers, and walking from a target back to our chain.
import assert from 'node:assert/strict'
import { type Hex } from '../../../src/base/bytes.ts'
import { type Block, type BlockRef, type SignedBlock } from '../../../src/chain/block.ts'
import { type AcceptedBlocks, fillGap, GAP_MAX_BLOCKS } from '../../../src/sync/fill-gap.ts'
import {
  createRangeFetcher,
  type FailedRange,
  type FetchedRange,
  RANGE_BLOCKS_MAX
} from '../../../src/sync/range-fetcher.ts'
import { signChain, signChild, testGenesisBlock } from '../../support/signed-chain.ts'
import { createStubPeers, serving, type StubPeer, type StubPeers } from './blocks-fixture.ts'

const genesis = testGenesisBlock()
const CHAIN = signChain(genesis, 10)
const refOf = ({ number, hash }: Block): BlockRef => ({ number, hash })
const at = (number: number): SignedBlock => CHAIN[number - 1]!
const hashes = (first: number, last: number) => CHAIN.slice(first - 1, last).map(({ hash }) => hash)

describe('the range fetcher', () => {
  async function fetchAll(
    peers: StubPeers,
    names: readonly string[],
    { first = 1n, last = 10n } = {}
  ) {
    const results: (FetchedRange | FailedRange)[] = []
    const fetcher = createRangeFetcher(peers, () => names)
    for await (const range of fetcher.fetch({
      first,
      last,
      signal: new AbortController().signal
    })) {
      results.push(range)
    }
    return results.map((range) =>
      range.kind === 'fetched'
        ? `${range.peer}: ${range.blocks.map(({ number }) => number).join(' ')}`
        : `${range.peer} failed: ${(range.error as Error).message}`
    )
  }

  it('gives the whole stretch from the first peer, with its size', async () => {
    const peers = createStubPeers({ a: { range: serving(CHAIN) } })
    const fetcher = createRangeFetcher(peers, () => ['a'])
    const { signal } = new AbortController()
    for await (const range of fetcher.fetch({ first: 3n, last: 5n, signal })) {
      const blocks = CHAIN.slice(2, 5)
      const bytes = blocks.reduce((sum, { message }) => sum + message.length, 0)
      assert.deepEqual(range, { kind: 'fetched', peer: 'a', blocks, bytes })
    }
    assert.deepEqual(peers.asked, ['a 3+3'])
  })
  it('asks on where an answer ended', async () => {
    const peers = createStubPeers({ a: { range: serving(CHAIN, { answerMax: 4 }) } })
    assert.deepEqual(await fetchAll(peers, ['a']), ['a: 1 2 3 4', 'a: 5 6 7 8', 'a: 9 10'])
    assert.deepEqual(peers.asked, ['a 1+10', 'a 5+6', 'a 9+2'])
  })
  it('goes on to the next peer where one has nothing, breaks, or lies', async () => {
    const peers = createStubPeers({
      none: {},
      broken: {
        *range() {
          yield at(1)
          throw new Error('the stream was reset')
        }
      },
      liar: { range: () => [at(1), at(3)] },
      a: { range: serving(CHAIN) }
    })
    const results = await fetchAll(peers, ['none', 'gone', 'broken', 'liar', 'a'], { last: 3n })
    assert.deepEqual(results.slice(0, 4), [
      'none failed: served no block',
      'gone failed: gone is not connected',
      'broken: 1',
      'broken failed: the stream was reset'
    ])
    assert.deepEqual(results[4], 'liar: 1')
    assert.match(results[5] ?? '', /^liar failed: /)
    assert.deepEqual(results.slice(6), ['a: 1 2 3'])
    assert.deepEqual(peers.blamed, [{ code: 'block-unrequested', peer: 'liar', number: 3n }])
  })
  it('asks for the upper part of a long stretch', async () => {
    const peers = createStubPeers({ a: {} })
    await fetchAll(peers, ['a'], { first: 1n, last: 1_000n })
    assert.equal(RANGE_BLOCKS_MAX, 256n)
    assert.deepEqual(peers.asked, ['a 745+256'])
  })
  it('names the height to whoever chooses the peers, and stops when nobody is there', async () => {
    const heights: bigint[] = []
    const fetcher = createRangeFetcher(createStubPeers({}), (number) => {
      heights.push(number)
      return []
    })
    const { signal } = new AbortController()
    for await (const range of fetcher.fetch({ first: 2n, last: 7n, signal }))
      assert.fail(range.kind)
    assert.deepEqual(heights, [7n])
  })
  it('stops when it is aborted, and blames nobody', async () => {
    const stop = new AbortController()
    const peers = createStubPeers({
      a: {
        *range() {
          yield at(1)
          stop.abort(new Error('enough'))
          throw new Error('the stream was reset')
        }
      },
      b: { range: serving(CHAIN) }
    })
    const fetcher = createRangeFetcher(peers, () => ['a', 'b'])
    const reading = (async () => {
      for await (const range of fetcher.fetch({ first: 1n, last: 3n, signal: stop.signal }))
        assert.fail(range.kind)
    })()
    await assert.rejects(reading, /enough/)
    assert.deepEqual(peers.asked, ['a 1+3'])
    assert.deepEqual(peers.blamed, [])
  })
})

describe('filling a gap', () => {
  const floor = refOf(at(2))

  /** An accepted store over a map. */
  function acceptedOf(blocks: readonly SignedBlock[]) {
    const held = new Map<Hex, SignedBlock>(blocks.map((block) => [block.hash, block]))
    const batches: number[] = []
    const accepted: AcceptedBlocks = {
      acceptedBlock: (hash) => held.get(hash),
      async accept(list) {
        batches.push(list.length)
        for (const block of list) held.set(block.hash, block)
      }
    }
    return { accepted, batches, held }
  }

  function fill(
    { accepted }: ReturnType<typeof acceptedOf>,
    stubs: Readonly<Record<string, StubPeer>>,
    { target = refOf(at(10)), from = floor, signal = new AbortController().signal } = {}
  ) {
    const peers = createStubPeers(stubs)
    const ranges = createRangeFetcher(peers, () => Object.keys(stubs))
    const fetched: FetchedRange[] = []
    const outcome = fillGap(
      { accepted, ranges },
      { floor: from, target, signal },
      { onFetched: (range) => void fetched.push(range) }
    )
    return { outcome, peers, fetched }
  }

  it('fetches what lies between and gives the path upwards', async () => {
    const store = acceptedOf([at(10)])
    const { outcome, peers, fetched } = fill(store, { a: { range: serving(CHAIN) } })
    assert.deepEqual(await outcome, { kind: 'linked', path: hashes(3, 10) })
    assert.deepEqual(peers.asked, ['a 3+7'])
    assert.deepEqual(store.batches, [7])
    assert.deepEqual(
      fetched.map(({ peer, blocks }) => [peer, blocks.length]),
      [['a', 7]]
    )
  })
  it('asks nobody for what is accepted already', async () => {
    const { outcome, peers } = fill(acceptedOf(CHAIN), { a: { range: serving(CHAIN) } })
    assert.deepEqual(await outcome, { kind: 'linked', path: hashes(3, 10) })
    assert.deepEqual(peers.asked, [])
  })
  it('asks from the floor up to the highest hole, and for nothing above it', async () => {
    const store = acceptedOf(CHAIN.filter(({ number }) => number !== 5n && number !== 8n))
    const { outcome, peers } = fill(store, { a: { range: serving(CHAIN) } })
    assert.deepEqual(await outcome, { kind: 'linked', path: hashes(3, 10) })
    assert.deepEqual(peers.asked, ['a 3+6'])
  })
  it('takes what several peers have of it', async () => {
    const { outcome, peers } = fill(acceptedOf([at(10)]), {
      low: { range: serving(CHAIN.slice(0, 5)) },
      all: { range: serving(CHAIN) }
    })
    assert.deepEqual(await outcome, { kind: 'linked', path: hashes(3, 10) })
    assert.deepEqual(peers.asked, ['low 3+7', 'low 6+4', 'all 3+7'])
  })
  it('is done where the target is the child of our head', async () => {
    const { outcome } = fill(acceptedOf([at(3)]), {}, { target: refOf(at(3)) })
    assert.deepEqual(await outcome, { kind: 'linked', path: hashes(3, 3) })
  })
  it('says what nobody serves, and what the last one said', async () => {
    const { outcome } = fill(acceptedOf([at(10)]), { a: {}, b: { range: () => [at(3), at(5)] } })
    const result = await outcome
    assert.ok(result.kind === 'unserved')
    assert.deepEqual([result.firstMissing, result.lastMissing], [9n, 9n])
    assert.match(result.reason, /unrequested/)
    const { outcome: alone } = fill(acceptedOf([at(10)]), {})
    assert.deepEqual(await alone, {
      kind: 'unserved',
      firstMissing: 9n,
      lastMissing: 9n,
      reason: 'no connected peer serves it'
    })
  })
  it('is not satisfied with blocks of another branch, which it keeps', async () => {
    const other = [...CHAIN.slice(0, 2), ...signChain(at(2), 8, { salt: 5 })]
    const store = acceptedOf([at(10)])
    const { outcome, peers } = fill(store, {
      other: { range: serving(other) },
      a: { range: serving(CHAIN) }
    })
    assert.deepEqual(await outcome, { kind: 'linked', path: hashes(3, 10) })
    assert.deepEqual(peers.asked, ['other 3+7', 'a 3+7'])
    assert.ok(store.held.has(other[4]!.hash))
    assert.deepEqual(peers.blamed, [])
  })
  it('says where a target’s branch does not contain our head', async () => {
    const ours = signChild(at(1), { salt: 9 })
    const { outcome } = fill(
      acceptedOf([at(10)]),
      { a: { range: serving(CHAIN) } },
      { from: refOf(ours) }
    )
    assert.deepEqual(await outcome, { kind: 'diverges', ours: refOf(ours), other: refOf(at(3)) })
  })
  it('does not begin on a gap that it cannot keep in memory', async () => {
    const target = { number: 3n + BigInt(GAP_MAX_BLOCKS), hash: at(10).hash }
    const { outcome, peers } = fill(
      acceptedOf([at(10)]),
      { a: { range: serving(CHAIN) } },
      { target }
    )
    const result = await outcome
    assert.ok(result.kind === 'unserved')
    assert.match(result.reason, /longer than 1000000 blocks/)
    assert.deepEqual(peers.asked, [])
  })
  it('walks a gap of several ranges from the top down', async () => {
    const long = signChain(genesis, 600)
    const store = acceptedOf([long[599]!])
    const { outcome, peers } = fill(
      store,
      { a: { range: serving(long) } },
      { from: refOf(genesis), target: refOf(long[599]!) }
    )
    const result = await outcome
    assert.deepEqual(result, { kind: 'linked', path: long.map(({ hash }) => hash) })
    assert.deepEqual(peers.asked, ['a 344+256', 'a 88+256', 'a 1+87'])
  })
  it('stops when it is aborted', async () => {
    const stop = new AbortController()
    stop.abort(new Error('enough'))
    const { outcome } = fill(acceptedOf([at(10)]), {}, { signal: stop.signal })
    await assert.rejects(outcome, /enough/)
  })
})
