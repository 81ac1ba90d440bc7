// Blocks from one peer: each is verified before it counts, and a false one is the peer's fault.
import assert from 'node:assert/strict'
import { type VersionedMessage } from '../../../protocols/block-message/message-chunk.ts'
import { type SignedBlock } from '../../../src/chain/blocks/block.ts'
import {
  requestBlocks,
  requestBlocksByHash,
  requestTip
} from '../../../src/sync/fetching/peer-blocks.ts'
import { PeerBlocksError, type PeerBlocksFailure } from '../../../src/sync/protocols/asking.ts'
import { OTHER_KEY, signChain, signChild, testGenesisBlock } from '../../support/signed-chain.ts'
import { createStubPeers, serving, servingByHash, type StubPeers } from './blocks-fixture.ts'

const genesis = testGenesisBlock()
const CHAIN = signChain(genesis, 6, { transactionsCount: 1 })
const [first, second, third, fourth] = CHAIN as [SignedBlock, SignedBlock, SignedBlock, SignedBlock]
const stranger = signChild(second, { key: OTHER_KEY })
const NEVER = new AbortController().signal
const cut = { version: 3, message: second.message.subarray(0, 90) } as const

interface Taken {
  readonly numbers: readonly bigint[]
  readonly failure: PeerBlocksFailure | undefined
}

/** Reads until the end or the first failure. */
async function take(peers: StubPeers, start: bigint, count: bigint): Promise<Taken> {
  const numbers: bigint[] = []
  try {
    for await (const block of requestBlocks(
      peers,
      'a',
      { start, count, maxBytes: 2 ** 20 },
      NEVER
    )) {
      numbers.push(block.number)
    }
  } catch (thrown) {
    assert.ok(thrown instanceof PeerBlocksError, String(thrown))
    return { numbers, failure: thrown.failure }
  }
  return { numbers, failure: undefined }
}

describe('requestBlocks', () => {
  it('gives what the peer serves, verified, as whole blocks', async () => {
    const peers = createStubPeers({ a: { range: serving(CHAIN) } })
    const blocks: SignedBlock[] = []
    for await (const block of requestBlocks(
      peers,
      'a',
      { start: 2n, count: 3n, maxBytes: 2 ** 20 },
      NEVER
    )) {
      blocks.push(block)
    }
    assert.deepEqual(blocks, CHAIN.slice(1, 4))
    assert.deepEqual(peers.blamed, [])
  })
  it('ends with the peer’s answer, be it short or empty', async () => {
    const peers = createStubPeers({ a: { range: serving(CHAIN.slice(0, 4)) } })
    assert.deepEqual(await take(peers, 3n, 9n), { numbers: [3n, 4n], failure: undefined })
    assert.deepEqual(await take(peers, 5n, 9n), { numbers: [], failure: undefined })
    assert.deepEqual(peers.blamed, [])
  })

  it('takes one block of any size, and no second one beyond the bytes asked for', async () => {
    const peers = createStubPeers({ a: { range: serving(CHAIN) } })
    const maxBytes = first.message.length + second.message.length - 1
    const reader = requestBlocks(peers, 'a', { start: 1n, count: 3n, maxBytes }, NEVER)
    assert.deepEqual((await reader.next()).value, first)
    await assert.rejects(reader.next(), PeerBlocksError)
    assert.deepEqual(peers.blamed, [{ code: 'answer-too-large', peer: 'a', maxBytes }])
    const small = requestBlocks(peers, 'a', { start: 1n, count: 1n, maxBytes: 1 }, NEVER)
    assert.deepEqual((await small.next()).value, first)
    assert.equal((await small.next()).done, true)
  })

  const rows: readonly (readonly [
    what: string,
    served: readonly VersionedMessage[],
    numbers: readonly bigint[],
    code: string
  ])[] = [
    ['a block of another height first', [second], [], 'block-unrequested'],
    ['a block twice', [first, first], [1n], 'block-unrequested'],
    ['blocks going down', [first, genesisChild()], [1n], 'block-unrequested'],
    ['a block left out', [first, third], [1n], 'block-unrequested'],
    ['more than was asked for', [first, second, third, fourth], [1n, 2n, 3n], 'block-unrequested'],
    ['a block of another signer', [first, second, stranger], [1n, 2n], 'block-false'],
    ['a message that is cut', [first, cut], [1n], 'block-false'],
    [
      'a block of its signer that no rule here takes',
      [first, signChild(genesis, { header: { blobGasUsed: 1n } })],
      [1n],
      'block-unusable'
    ],
    [
      'a message under another version',
      [first, { version: 2, message: second.message }],
      [1n],
      'block-false'
    ]
  ]
  for (const [what, served, numbers, code] of rows) {
    it(`blames a peer for ${what}, and keeps what came before`, async () => {
      const peers = createStubPeers({ a: { range: () => served } })
      const taken = await take(peers, 1n, 3n)
      assert.deepEqual(taken.numbers, numbers)
      assert.equal(taken.failure?.code, code)
      assert.deepEqual(peers.blamed, [taken.failure])
      assert.equal(taken.failure.peer, 'a')
    })
  }
  it('does not blame a peer for a stream that breaks', async () => {
    const peers = createStubPeers({
      a: {
        *range() {
          yield first
          throw new Error('the stream was reset')
        }
      }
    })
    await assert.rejects(take(peers, 1n, 3n), /the stream was reset/)
    assert.deepEqual(peers.blamed, [])
  })
})

/** Another block of height 1. */
function genesisChild(): SignedBlock {
  return signChild(genesis, { salt: 3 })
}

describe('requestBlocksByHash', () => {
  const asked = [third.hash, first.hash, fourth.hash]

  async function takeAll(served: readonly VersionedMessage[]) {
    const peers = createStubPeers({ a: { byHash: () => served } })
    const taken: SignedBlock[] = []
    const failure = await (async () => {
      for await (const block of requestBlocksByHash(peers, 'a', asked, NEVER)) taken.push(block)
    })().catch((thrown: unknown) => thrown)
    assert.ok(failure === undefined || failure instanceof PeerBlocksError)
    return { taken, code: failure?.failure.code, blamed: peers.blamed.length }
  }

  for (const [what, served, taken, code] of [
    ['all of them, in the order of the request', [third, first, fourth], 3, undefined],
    ['what the peer has', [first], 1, undefined],
    ['nothing, without blame', [], 0, undefined],
    ['no block that was not asked for', [third, second], 1, 'block-unrequested'],
    ['no block twice', [third, third], 1, 'block-unrequested'],
    ['no block out of order', [first, third], 1, 'block-unrequested'],
    ['no block of another signer', [third, stranger], 1, 'block-false'],
    ['no block that does not decode', [cut], 0, 'block-false']
  ] as const) {
    it(`gives ${what}`, async () => {
      const result = await takeAll(served)
      assert.deepEqual(result.taken, served.slice(0, taken))
      assert.equal(result.code, code)
      assert.equal(result.blamed, code === undefined ? 0 : 1)
    })
  }

  it('asks for the hashes in one request', async () => {
    const peers = createStubPeers({ a: { byHash: servingByHash(CHAIN) } })
    for await (const block of requestBlocksByHash(peers, 'a', asked, NEVER)) {
      assert.ok(asked.includes(block.hash))
    }
    assert.deepEqual(peers.asked, [`a ${asked.map((hash) => hash.slice(0, 10)).join(' ')}`])
  })
})

describe('requestTip', () => {
  const twin = signChild(second, { salt: 7 })
  const head = { number: 3n, hash: third.hash }

  it('gives what the peer says of our head', async () => {
    for (const [relation, block] of [
      ['behind', second],
      ['ahead', fourth],
      ['conflict', twin]
    ] as const) {
      const { version, message } = block
      const peers = createStubPeers({ a: { tip: () => [{ relation, version, message }] } })
      assert.deepEqual(await requestTip(peers, 'a', head, NEVER), { relation, block })
      assert.deepEqual(peers.blamed, [])
    }
    const same = createStubPeers({ a: { tip: () => [{ relation: 'same' }] } })
    assert.deepEqual(await requestTip(same, 'a', head, NEVER), { relation: 'same' })
  })
  const rows = [
    ['ahead with a block below', 'ahead', second, 'relation-false'],
    ['ahead with our own head', 'ahead', third, 'relation-false'],
    ['behind with a block above', 'behind', fourth, 'relation-false'],
    ['behind with our own head', 'behind', third, 'relation-false'],
    ['conflict with our own head', 'conflict', third, 'relation-false'],
    ['conflict with a block above', 'conflict', fourth, 'relation-false'],
    ['conflict with a block of another signer', 'conflict', stranger, 'block-false']
  ] as const
  for (const [what, relation, { version, message }, code] of rows) {
    it(`blames a peer that claims ${what}`, async () => {
      const peers = createStubPeers({ a: { tip: () => [{ relation, version, message }] } })
      await assert.rejects(requestTip(peers, 'a', head, NEVER), (thrown) => {
        assert.ok(thrown instanceof PeerBlocksError)
        assert.equal(thrown.failure.code, code)
        assert.deepEqual(peers.blamed, [thrown.failure])
        return true
      })
    })
  }
  it('says of an answer with nothing in it that it is empty, as one is whose peer stops', async () => {
    const peers = createStubPeers({ a: { tip: () => [] } })
    await assert.rejects(requestTip(peers, 'a', head, NEVER), PeerBlocksError)
    assert.deepEqual(peers.blamed, [{ code: 'answer-empty', peer: 'a' }])
  })
})
