// Walking from a target back to our chain, over peers that serve, hide, lie and differ.
import assert from 'node:assert/strict'
import { type Hex } from '../../../src/base/bytes.ts'
import { type Block, type BlockRef, type SignedBlock } from '../../../src/chain/blocks/block.ts'
import { toBlock } from '../../../src/chain/blocks/header.ts'
import {
  type AcceptedBlocks,
  fillGap,
  GAP_MAX_BLOCKS
} from '../../../src/sync/fetching/fill-gap.ts'
import {
  createBlockFetcher,
  type FetchedSlice,
  RANGE_BLOCKS_MAX
} from '../../../src/sync/fetching/range-fetcher.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import {
  childBlock,
  signBlock,
  signChain,
  signChild,
  testGenesisBlock
} from '../../support/signed-chain.ts'
import { orderedRoot } from '../../../src/trie/ordered-root.ts'
import { createStubPeers, serving, servingByHash, type StubPeer } from './blocks-fixture.ts'

const genesis = testGenesisBlock()
const CHAIN = signChain(genesis, 10)
const refOf = ({ number, hash }: Block): BlockRef => ({ number, hash })
const at = (number: number): SignedBlock => CHAIN[number - 1]!
const hashes = (first: number, last: number) => CHAIN.slice(first - 1, last).map(({ hash }) => hash)
const floor = refOf(at(2))
/** No signature of anybody's. */
const LIE = new Uint8Array(200).fill(1)

describe('filling a gap', () => {
  /** An accepted store over a map. */
  function acceptedOf(blocks: readonly SignedBlock[]) {
    const held = new Map<Hex, SignedBlock>(blocks.map((block) => [block.hash, block]))
    const heights = new Set(blocks.map(({ number }) => number))
    const batches: number[] = []
    const accepted: AcceptedBlocks = {
      acceptedBlock: (hash) => held.get(hash),
      isHeldAt: (number) => heights.has(number),
      async accept(list) {
        batches.push(list.length)
        for (const block of list) {
          held.set(block.hash, block)
          heights.add(block.number)
        }
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
    const fetcher = createBlockFetcher({
      clock: createManualClock(),
      blocks: peers,
      peers: () => Object.keys(stubs),
      onSlow: (peer) => assert.fail(`${peer} is not slow`)
    })
    const fetched: FetchedSlice[] = []
    const outcome = fillGap(
      { accepted, fetcher },
      { floor: from, target, signal },
      { onFetched: (slice) => void fetched.push(slice) }
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
  it('asks for the holes alone', async () => {
    const store = acceptedOf(CHAIN.filter(({ number }) => number !== 5n && number !== 8n))
    const { outcome, peers } = fill(store, { a: { range: serving(CHAIN) } })
    assert.deepEqual(await outcome, { kind: 'linked', path: hashes(3, 10) })
    assert.deepEqual(peers.asked, ['a 8+1', 'a 5+1'])
  })
  it('takes what several peers have of it', async () => {
    const { outcome, peers } = fill(acceptedOf([at(10)]), {
      low: { range: serving(CHAIN.slice(0, 5)) },
      all: { range: serving(CHAIN) }
    })
    assert.deepEqual(await outcome, { kind: 'linked', path: hashes(3, 10) })
    assert.deepEqual(peers.asked, ['low 3+7', 'low 6+4', 'all 6+4'])
  })
  it('is done where the target is the child of our head', async () => {
    const { outcome } = fill(acceptedOf([at(3)]), {}, { target: refOf(at(3)) })
    assert.deepEqual(await outcome, { kind: 'linked', path: hashes(3, 3) })
  })
  it('says what nobody serves, and what the last one said', async () => {
    const { outcome, peers } = fill(acceptedOf([at(10)]), {
      a: {},
      b: { range: () => [at(3), at(5)] }
    })
    const result = await outcome
    assert.ok(result.kind === 'unserved')
    assert.deepEqual([result.firstMissing, result.lastMissing], [4n, 9n])
    assert.match(result.reason, /unrequested/)
    assert.deepEqual(peers.blamed, [{ code: 'block-unrequested', peer: 'b', number: 5n }])
    const { outcome: alone } = fill(acceptedOf([at(10)]), {})
    assert.deepEqual(await alone, {
      kind: 'unserved',
      firstMissing: 3n,
      lastMissing: 9n,
      reason: 'no connected peer serves it'
    })
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
  it('is not served block by block while somebody serves it whole; who lies is blamed', async () => {
    const long = signChain(genesis, 1_000)
    const { outcome, peers } = fill(
      acceptedOf([long[999]!]),
      {
        mini: { range: serving(long, { answerMax: 1 }), byHash: servingByHash(long) },
        liar: { range: ({ start }) => [{ ...long[Number(start) - 1]!, message: LIE }] },
        full: { range: serving(long), byHash: servingByHash(long) }
      },
      { from: refOf(genesis), target: refOf(long[999]!) }
    )
    assert.equal((await outcome).kind, 'linked')
    const askedOf = (peer: string) => peers.asked.filter((line) => line.startsWith(peer)).length
    assert.ok(askedOf('mini') <= 8, peers.asked.join('\n'))
    assert.ok(askedOf('full') <= 8, peers.asked.join('\n'))
    assert.ok(peers.blamed.length > 0)
    assert.ok(peers.blamed.every(({ code, peer }) => code === 'block-false' && peer === 'liar'))
  })
  it('walks a gap of several ranges from the top down', async () => {
    assert.equal(RANGE_BLOCKS_MAX, 256)
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
    assert.ok(Math.max(...store.batches) <= 64, 'handed over in slices')
  })
  it('asks for as many blocks as one answer has room for, so that large ones come from all peers', async () => {
    const large = largeChain(12)
    const { outcome, peers } = fill(
      acceptedOf([large[11]!]),
      { a: { range: serving(large) }, b: { range: serving(large) } },
      { from: refOf(genesis), target: refOf(large[11]!) }
    )
    assert.equal((await outcome).kind, 'linked')
    assert.deepEqual(
      peers.asked.map((line) => line.slice(1)),
      [' 9+3', ' 6+3', ' 3+3', ' 1+2']
    )
    assert.deepEqual(new Set(peers.asked.map(([peer]) => peer)), new Set(['a', 'b']))
  })
  it('stops when it is aborted', async () => {
    const stop = new AbortController()
    stop.abort(new Error('enough'))
    const { outcome } = fill(acceptedOf([at(10)]), {}, { signal: stop.signal })
    await assert.rejects(outcome, /enough/)
  })
  it('ends with the failure of our own store', async () => {
    const store = acceptedOf([at(10)])
    const accepted = { ...store.accepted, accept: () => Promise.reject(new Error('disk full')) }
    const { outcome, peers } = fill({ ...store, accepted }, { a: { range: serving(CHAIN) } })
    await assert.rejects(outcome, /disk full/)
    assert.deepEqual(peers.blamed, [])
  })

  describe('where the peers’ chains are not the target’s branch', () => {
    const other = [...CHAIN.slice(0, 2), ...signChain(at(2), 8, { salt: 5 })]

    it('asks for the blocks by hash, and keeps the others', async () => {
      const store = acceptedOf([at(10)])
      const { outcome, peers } = fill(store, {
        other: { range: serving(other), byHash: servingByHash(CHAIN) }
      })
      assert.deepEqual(await outcome, { kind: 'linked', path: hashes(3, 10) })
      assert.ok(store.held.has(other[4]!.hash))
      assert.equal(peers.asked[0], 'other 3+7')
      assert.ok(peers.asked.includes(`other ${at(3).hash.slice(0, 10)}`))
      assert.deepEqual(peers.blamed, [])
    })
    it('takes the rest as a range of whoever has the block', async () => {
      const { outcome, peers } = fill(acceptedOf([at(10)]), {
        other: { range: serving(other) },
        a: { range: serving(CHAIN), byHash: servingByHash(CHAIN) }
      })
      assert.deepEqual(await outcome, { kind: 'linked', path: hashes(3, 10) })
      const short = at(9).hash.slice(0, 10)
      assert.deepEqual(peers.asked, ['other 3+7', `other ${short}`, `a ${short}`, 'a 3+6'])
    })
    it('finds a block by hash where another one of its height is held', async () => {
      const store = acceptedOf([...CHAIN.filter(({ number }) => number !== 6n), other[5]!])
      const { outcome, peers } = fill(store, { a: { byHash: servingByHash(CHAIN) } })
      assert.deepEqual(await outcome, { kind: 'linked', path: hashes(3, 10) })
      assert.deepEqual(peers.asked, [`a ${at(6).hash.slice(0, 10)}`])
    })
    it('blames whoever sends another block than the one with the hash', async () => {
      const { outcome, peers } = fill(acceptedOf([at(10)]), {
        a: { range: serving(other), byHash: () => [other[8]!] }
      })
      const result = await outcome
      assert.ok(result.kind === 'unserved')
      assert.deepEqual([result.firstMissing, result.lastMissing], [9n, 9n])
      assert.deepEqual(peers.blamed, [{ code: 'block-unrequested', peer: 'a', number: 9n }])
    })
  })
})

/** Blocks of a little more than a megabyte each. */
function largeChain(length: number): SignedBlock[] {
  const transactions = [new Uint8Array(2 ** 20).fill(2)]
  const transactionsRoot = orderedRoot(transactions)
  const blocks: SignedBlock[] = []
  for (let parent: Block = genesis; blocks.length < length; parent = blocks.at(-1) ?? genesis) {
    const { header } = childBlock(parent)
    blocks.push(signBlock(toBlock({ ...header, transactionsRoot }, transactions)))
  }
  return blocks
}
