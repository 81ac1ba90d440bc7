// State diffs in the chain database: written with their block, kept for a while, found again by height.
import assert from 'node:assert/strict'
import { encodeStateDiff } from '../../../protocols/state-diffs-by-range/state-diff-codec.ts'
import { hexToBytes } from '../../../src/base/bytes.ts'
import { type Block } from '../../../src/chain/blocks/block.ts'
import { DIFFS_DELETED_MAX, type EncodedDiff } from '../../../src/chain/stored/diff-store.ts'
import { openChain } from '../../../src/chain/stored/open-chain.ts'
import { CHAIN_PREFIX, numberKey } from '../../../src/store/keys.ts'
import { signChild, testGenesisBlock, testReceipts } from '../../support/signed-chain.ts'
import { createWatchedStore, TEST_SCHEDULE, type WatchedStore } from './chain-fixture.ts'

const KEPT = 4n

let store: WatchedStore

function chainOf(length: number): readonly Block[] {
  const blocks: Block[] = [testGenesisBlock()]
  for (let at = 0; at < length; at++) blocks.push(signChild(blocks[at]!, { salt: 1 }))
  return blocks.slice(1)
}

function diffOf({ number, hash }: Block, diskNumber = number): EncodedDiff {
  const bytes = encodeStateDiff({
    number,
    blockHash: hexToBytes(hash),
    parentStateRoot: new Uint8Array(32),
    stateRoot: new Uint8Array(32),
    accounts: [],
    codes: [],
    receipts: []
  })
  return { bytes, diskNumber }
}

async function open(diffsKept = KEPT) {
  const options = { diffsKept }
  const chain = await openChain(
    store,
    { genesis: testGenesisBlock(), schedule: TEST_SCHEDULE },
    options
  )
  return chain.blocks
}

function storedNumbers(blocks: readonly Block[]): bigint[] {
  const isStored = ({ number }: Block) =>
    store.get(numberKey(CHAIN_PREFIX.diff, number)) !== undefined
  return blocks.filter(isStored).map(({ number }) => number)
}

describe('diff store', () => {
  beforeEach(() => {
    store = createWatchedStore()
  })

  it('has none at first', async () => {
    const blocks = await open()
    assert.equal(blocks.oldestDiff(), undefined)
    assert.equal(blocks.diffByNumber(0n), undefined)
    assert.equal(blocks.diffByNumber(1n), undefined)
  })
  it('writes a diff in the batch of its block, and forgets the oldest in the same batch', async () => {
    const chain = chainOf(7)
    const blocks = await open()
    for (const block of chain) {
      store.batches.length = 0
      await blocks.persist(block, testReceipts(block), { diff: diffOf(block) })
      assert.deepEqual(
        store.batches.map(({ sync }) => sync),
        [true]
      )
      assert.deepEqual(blocks.diffByNumber(block.number), diffOf(block).bytes)
    }
    assert.deepEqual(storedNumbers(chain), [4n, 5n, 6n, 7n])
    for (const again of [blocks, await open()]) {
      assert.equal(again.oldestDiff(), 4n)
      assert.equal(again.diffByNumber(3n), undefined)
      assert.deepEqual(again.diffByNumber(4n), diffOf(chain[3]!).bytes)
    }
  })
  it('keeps all above the state on disk, however many they are, and catches up in steps', async () => {
    const chain = chainOf(30)
    const blocks = await open()
    for (const block of chain.slice(0, 28)) {
      await blocks.persist(block, testReceipts(block), { diff: diffOf(block, 2n) })
    }
    assert.equal(blocks.oldestDiff(), 3n)
    const [next, last] = chain.slice(28)
    assert.ok(next && last)
    await blocks.persist(next, testReceipts(next), { diff: diffOf(next) })
    assert.equal(blocks.oldestDiff(), 3n + DIFFS_DELETED_MAX)
    await blocks.persist(last, testReceipts(last), { diff: diffOf(last) })
    assert.deepEqual(storedNumbers(chain), [27n, 28n, 29n, 30n])
  })
  it('is as it was when the batch was not written', async () => {
    const [first] = chainOf(1)
    assert.ok(first)
    const blocks = await open()
    store.failWith = new Error('no room')
    await assert.rejects(blocks.persist(first, testReceipts(first), { diff: diffOf(first) }))
    assert.equal(blocks.oldestDiff(), undefined)
    assert.equal(blocks.diffByNumber(1n), undefined)
  })
  it('takes a diff for a block that has none, unless it would not be kept', async () => {
    const chain = chainOf(6)
    const blocks = await open()
    for (const block of chain) await blocks.persist(block, testReceipts(block))
    assert.equal(blocks.oldestDiff(), undefined)
    for (const block of chain.slice(1, 4)) await blocks.persistDiff(block.number, diffOf(block, 0n))
    assert.deepEqual(storedNumbers(chain), [3n, 4n])
    assert.equal(blocks.oldestDiff(), 3n)
  })
  it('lets go of all below a block that was linked without one, in that block’s batch', async () => {
    const chain = chainOf(6)
    const blocks = await open()
    for (const block of chain.slice(0, 3)) {
      await blocks.persist(block, testReceipts(block), { diff: diffOf(block, 0n) })
    }
    const [fourth, fifth, sixth] = chain.slice(3)
    assert.ok(fourth && fifth && sixth)
    await blocks.persistLinked(fourth, { isLast: false })
    assert.deepEqual(storedNumbers(chain), [1n, 2n, 3n], 'the state is not there yet')
    store.batches.length = 0
    await blocks.persistLinked(fifth, { isLast: true })
    assert.deepEqual(
      store.batches.map(({ sync }) => sync),
      [true]
    )
    assert.deepEqual(storedNumbers(chain), [])
    assert.equal(blocks.oldestDiff(), undefined)
    await blocks.persist(sixth, testReceipts(sixth), { diff: diffOf(sixth, 5n) })
    for (const again of [blocks, await open()]) assert.equal(again.oldestDiff(), 6n)
  })
  it('does not show the diff of another block at that height', async () => {
    const [first] = chainOf(1)
    assert.ok(first)
    const twin = signChild(testGenesisBlock(), { salt: 9 })
    const blocks = await open()
    await blocks.persist(first, testReceipts(first), { diff: diffOf(twin) })
    assert.equal(blocks.diffByNumber(1n), undefined)
  })
})
