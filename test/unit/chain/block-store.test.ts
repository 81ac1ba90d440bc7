// The canonical chain: one synced batch a block, what can be read of it, and what is refused.
import assert from 'node:assert/strict'
import { keccak256 } from '../../../src/base/keccak.ts'
import { bytesToHex } from '../../../src/base/bytes.ts'
import { type Block, type SignedBlock } from '../../../src/chain/blocks/block.ts'
import { type BlockStore } from '../../../src/chain/stored/block-store.ts'
import { ChainError } from '../../../src/chain/blocks/chain-error.ts'
import { type ChainStores } from '../../../src/chain/stored/open-chain.ts'
import { CHAIN_PREFIX, hashKey, numberKey } from '../../../src/store/keys.ts'
import {
  childBlock,
  signChain,
  signChild,
  testGenesisBlock,
  testReceipts
} from '../../support/signed-chain.ts'
import { createWatchedStore, damage, openTestChain, type WatchedStore } from './chain-fixture.ts'

const genesis = testGenesisBlock()
const CHAIN = signChain(genesis, 3, { transactionsCount: 2 })
const [first, second, third] = CHAIN as [SignedBlock, SignedBlock, SignedBlock]
const twin = signChild(first, { salt: 5, transactionsCount: 1 })

let store: WatchedStore
let chain: ChainStores

const isCode = (code: string) => (thrown: unknown) =>
  thrown instanceof ChainError && thrown.failure.code === code

const reopen = async () => (await openTestChain(store)).blocks

async function persistAll(blocks: BlockStore, list: readonly Block[]): Promise<void> {
  for (const block of list) await blocks.persist(block, testReceipts(block))
}

/** The hooks of each group of tests. */
function useFixture(): void {
  beforeEach(async () => {
    store = createWatchedStore()
    chain = await openTestChain(store)
  })
}

describe('the block store', () => {
  useFixture()

  it('begins with genesis', () => {
    const { blocks } = chain
    assert.deepEqual(blocks.head(), genesis)
    assert.deepEqual(blocks.blockByNumber(0n), genesis)
    assert.deepEqual(blocks.blockByHash(genesis.hash), genesis)
    assert.deepEqual(blocks.receipts(genesis.hash), [])
    assert.equal(blocks.messageByNumber(0n), undefined)
    assert.equal(blocks.blockByNumber(1n), undefined)
    assert.equal(blocks.canonicalHash(-1n), undefined)
  })
  it('gives what was persisted, after it was opened anew too', async () => {
    await persistAll(chain.blocks, CHAIN)
    for (const blocks of [chain.blocks, await reopen()]) {
      assert.deepEqual(blocks.head(), third)
      for (const block of CHAIN) {
        assert.deepEqual(blocks.blockByNumber(block.number), block)
        assert.deepEqual(blocks.blockByHash(block.hash), block)
        assert.deepEqual(blocks.receipts(block.hash), testReceipts(block))
        assert.deepEqual(blocks.messageByNumber(block.number), {
          version: 3,
          message: block.message
        })
      }
      assert.equal(blocks.blockByNumber(4n), undefined)
    }
  })
  it('says where each transaction stands', async () => {
    await persistAll(chain.blocks, CHAIN)
    for (const blocks of [chain.blocks, await reopen()]) {
      for (const { number, hash: blockHash, transactions } of CHAIN) {
        for (const [index, raw] of transactions.entries()) {
          const location = blocks.transactionLocation(bytesToHex(keccak256(raw)))
          assert.deepEqual(location, { number, blockHash, index })
        }
      }
      const unknown = bytesToHex(keccak256(twin.transactions[0]!))
      assert.equal(blocks.transactionLocation(unknown), undefined)
    }
  })
  it('takes a block without receipts, keeps those that were stored before it, and knows an empty one’s', async () => {
    const { blocks } = chain
    const empty = signChild(second, { salt: 2 })
    await blocks.persistReceipts([{ block: first, receipts: testReceipts(first) }])
    assert.equal(blocks.blockByHash(first.hash), undefined, 'they make no block canonical')
    for (const block of [first, second, empty]) await blocks.persistLinked(block, { isLast: false })
    for (const again of [blocks, await reopen()]) {
      assert.deepEqual(again.head(), empty)
      assert.deepEqual(again.receipts(first.hash), testReceipts(first))
      assert.equal(again.receipts(second.hash), undefined)
      assert.deepEqual(again.receipts(empty.hash), [])
      const raw = second.transactions[1]!
      assert.equal(again.transactionLocation(bytesToHex(keccak256(raw)))?.number, 2n)
      assert.deepEqual(again.messageByNumber(2n)?.message, second.message)
    }
    await assert.rejects(blocks.persistLinked(third, { isLast: true }), isCode('not-child-of-head'))
    await assert.rejects(
      blocks.persistReceipts([{ block: third, receipts: [] }]),
      isCode('receipts-count-wrong')
    )
  })
  it('writes a block in one batch, synced, with what else has to be on disk', async () => {
    store.batches.length = 0
    const extra = { type: 'put', key: Uint8Array.of(0x6d, 0x78), value: Uint8Array.of(1) } as const
    await chain.blocks.persist(first, testReceipts(first), { extra: [extra] })
    assert.equal(store.batches.length, 1)
    assert.equal(store.batches[0]?.sync, true)
    assert.deepEqual(store.get(extra.key), extra.value)
  })
  it('does not write the message twice of a block that was accepted', async () => {
    await chain.accepted.accept(CHAIN)
    store.batches.length = 0
    await chain.blocks.persist(first, testReceipts(first))
    const written = store.batches.flatMap(({ operations }) => operations.map(({ key }) => key[0]))
    assert.equal(written.includes(CHAIN_PREFIX.content), false)
    assert.deepEqual((await reopen()).head(), first)
  })
  it('accepts a signed block with it, that was not accepted before', async () => {
    await persistAll(chain.blocks, CHAIN)
    const ref = { number: 3n, hash: third.hash }
    assert.deepEqual(chain.accepted.highestAccepted(), ref)
    assert.deepEqual((await openTestChain(store)).accepted.highestAccepted(), ref)
  })
  it('persists a block without a signature, which nobody can be sent', async () => {
    const unsigned = childBlock(genesis, { transactionsCount: 1 })
    await chain.blocks.persist(unsigned, testReceipts(unsigned))
    for (const { blocks, accepted } of [chain, await openTestChain(store)]) {
      assert.deepEqual(blocks.head(), unsigned)
      assert.equal(blocks.messageByNumber(1n), undefined)
      assert.equal(accepted.acceptedBlock(unsigned.hash), undefined)
      assert.equal(accepted.highestAccepted(), undefined)
    }
  })
  it('has the signature of such a block once it was accepted', async () => {
    const signed = signChild(genesis, { transactionsCount: 1 })
    const unsigned = childBlock(genesis, { transactionsCount: 1 })
    assert.equal(signed.hash, unsigned.hash)
    await chain.blocks.persist(unsigned, testReceipts(unsigned))
    await chain.accepted.accept([signed])
    for (const { blocks, accepted } of [chain, await openTestChain(store)]) {
      assert.deepEqual(blocks.messageByNumber(1n), { version: 3, message: signed.message })
      assert.deepEqual(accepted.acceptedBlock(signed.hash), signed)
    }
  })
})

describe('a block that is not canonical', () => {
  useFixture()

  it('is not found by its hash or height, though it was accepted', async () => {
    await chain.accepted.accept([...CHAIN, twin])
    await persistAll(chain.blocks, [first])
    for (const { blocks, accepted } of [chain, await openTestChain(store)]) {
      assert.equal(blocks.blockByHash(second.hash), undefined)
      assert.equal(blocks.blockByNumber(2n), undefined)
      assert.equal(blocks.messageByNumber(2n), undefined)
      assert.equal(blocks.receipts(second.hash), undefined)
      assert.deepEqual(accepted.acceptedBlock(second.hash), second)
    }
  })
  it('is not found when another one of its height is', async () => {
    await chain.accepted.accept([...CHAIN, twin])
    await persistAll(chain.blocks, [first, twin])
    const { blocks } = await openTestChain(store)
    assert.deepEqual(blocks.blockByNumber(2n), twin)
    assert.equal(blocks.blockByHash(second.hash), undefined)
  })
})

describe('a block that may not be persisted', () => {
  useFixture()

  it('is one that is no child of the head: none is ever taken back', async () => {
    await persistAll(chain.blocks, [first, second])
    store.batches.length = 0
    for (const block of [twin, first, second, genesis, signChild(third)]) {
      const persisting = chain.blocks.persist(block, testReceipts(block))
      await assert.rejects(persisting, isCode('not-child-of-head'))
    }
    assert.deepEqual(store.batches, [])
    assert.deepEqual(chain.blocks.head(), second)
    assert.deepEqual((await reopen()).head(), second)
  })
  it('is one with a height that skips one', async () => {
    const skipping = childBlock(genesis, { header: { number: 2n } })
    await assert.rejects(chain.blocks.persist(skipping, []), isCode('not-child-of-head'))
  })
  for (const count of [0, 1, 3]) {
    it(`is one of two transactions with ${count} receipts`, async () => {
      const receipts = [...testReceipts(first), ...testReceipts(second)].slice(0, count)
      await assert.rejects(chain.blocks.persist(first, receipts), isCode('receipts-count-wrong'))
      assert.deepEqual(chain.blocks.head(), genesis)
    })
  }
  it('is one that cannot be written: the head is as it was, and the next try goes on', async () => {
    store.failWith = new Error('no room')
    await assert.rejects(chain.blocks.persist(first, testReceipts(first)), /no room/)
    assert.deepEqual(chain.blocks.head(), genesis)
    assert.equal(chain.accepted.highestAccepted(), undefined)
    assert.equal(chain.blocks.receipts(first.hash), undefined)
    store.failWith = undefined
    await chain.blocks.persist(first, testReceipts(first))
    assert.deepEqual((await reopen()).head(), first)
  })
  it('is one of several in a batch: none of them is there then, and all are once they may be', async () => {
    const stepOf = (block: Block) => ({ block, receipts: testReceipts(block) })
    const bad = [stepOf(first), { block: second, receipts: [] }]
    await assert.rejects(chain.blocks.persistAll(bad), isCode('receipts-count-wrong'))
    const skipping = [stepOf(first), stepOf(third)]
    await assert.rejects(chain.blocks.persistAll(skipping), isCode('not-child-of-head'))
    store.failWith = new Error('no room')
    await assert.rejects(chain.blocks.persistAll([first, second].map(stepOf)), /no room/)
    store.failWith = undefined
    assert.deepEqual(chain.blocks.head(), genesis)
    assert.deepEqual((await reopen()).head(), genesis)
    store.batches.length = 0
    await chain.blocks.persistAll([first, second, third].map(stepOf))
    assert.equal(store.batches.length, 1)
    const reopened = await reopen()
    assert.deepEqual(reopened.head(), third)
    for (const block of [first, second, third]) {
      assert.equal(reopened.canonicalHash(block.number), block.hash)
      assert.deepEqual(reopened.receipts(block.hash), testReceipts(block))
    }
  })
  it('is one of two that come at once for one head', async () => {
    const results = await Promise.allSettled([
      chain.blocks.persist(first, testReceipts(first)),
      chain.blocks.persist(signChild(genesis, { salt: 8 }), [])
    ])
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected']
    )
    assert.deepEqual(chain.blocks.head(), first)
  })
})

describe('damage to the canonical chain', () => {
  useFixture()

  for (const [entry, key, read] of [
    [
      'content',
      hashKey(CHAIN_PREFIX.content, first.hash),
      (blocks: BlockStore) => blocks.blockByNumber(1n)
    ],
    [
      'header',
      hashKey(CHAIN_PREFIX.header, first.hash),
      (blocks: BlockStore) => blocks.blockByHash(first.hash)
    ],
    [
      'receipts',
      hashKey(CHAIN_PREFIX.receipts, first.hash),
      (blocks: BlockStore) => blocks.receipts(first.hash)
    ],
    [
      'canonical',
      numberKey(CHAIN_PREFIX.canonical, 1n),
      (blocks: BlockStore) => blocks.canonicalHash(1n)
    ],
    [
      'transaction',
      hashKey(CHAIN_PREFIX.transaction, bytesToHex(keccak256(first.transactions[0]!))),
      (blocks: BlockStore) =>
        blocks.transactionLocation(bytesToHex(keccak256(first.transactions[0]!)))
    ]
  ] as const) {
    it(`is named, and nothing false is read: ${entry}`, async () => {
      await persistAll(chain.blocks, CHAIN)
      await damage(store, key)
      const blocks = await reopen()
      assert.throws(
        () => read(blocks),
        (thrown) =>
          thrown instanceof ChainError &&
          thrown.failure.code === 'entry-damaged' &&
          thrown.failure.entry === entry
      )
    })
  }
  it('is named where an entry is missing that an index names', async () => {
    await persistAll(chain.blocks, CHAIN)
    await store.batch([{ type: 'del', key: hashKey(CHAIN_PREFIX.content, first.hash) }], {
      sync: true
    })
    const blocks = await reopen()
    assert.throws(
      () => blocks.blockByNumber(1n),
      (thrown) => thrown instanceof ChainError && thrown.failure.code === 'entry-missing'
    )
  })
})
