// Entries that an open reads, lost or damaged: made again of what is left, each told, and no conflict forgotten.
import assert from 'node:assert/strict'
import { bytesToHex } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { silentLog } from '../../../src/base/log.ts'
import { findChainLoss } from '../../../src/chain/stored/mend-chain.ts'
import { createNamedValue } from '../../../src/chain/stored/named-value.ts'
import { CHAIN_PREFIX, hashKey, nameKey, numberKey, soleKey } from '../../../src/store/keys.ts'
import { signChain, signChild, testGenesisBlock, testReceipts } from '../../support/signed-chain.ts'
import { createWatchedStore, damage, openTestChain, type WatchedStore } from './chain-fixture.ts'

const genesis = testGenesisBlock()
const chain = signChain(genesis, 6)
const tip = chain[5]!
const below = chain[4]!
/** Signed by our key beside block 3: a conflict. */
const beside = signChild(chain[1]!, { salt: 7 })

/** The chain, with a second block at height 3, accepted after the canonical one. */
async function makeChain(): Promise<WatchedStore> {
  const store = createWatchedStore()
  const { blocks, accepted } = await openTestChain(store)
  await accepted.accept(chain)
  await accepted.accept([beside])
  for (const block of chain) await blocks.persist(block, testReceipts(block))
  return store
}

const drop = (store: WatchedStore, key: Uint8Array) =>
  store.batch([{ type: 'del', key }], { sync: true })

/** Mends, opens, and says what was found. */
async function mended(store: WatchedStore, { isRepaired = false } = {}) {
  const { found, mend } = await findChainLoss({ store, genesis, log: silentLog }, { isRepaired })
  if (found.length > 0) await mend()
  const stores = await openTestChain(store)
  const again = await findChainLoss({ store, genesis, log: silentLog }, { isRepaired: false })
  assert.deepEqual(again.found, [])
  return { ...stores, found }
}

const numberOf = {
  accepted: numberKey(CHAIN_PREFIX.accepted, 3n),
  contested: numberKey(CHAIN_PREFIX.contested, 3n)
}
const HEAD = soleKey(CHAIN_PREFIX.head)
const GENESIS = numberKey(CHAIN_PREFIX.canonical, 0n)

describe('a chain database that lost entries', () => {
  it('is left alone when it lost none, and when it was not begun', async () => {
    const store = await makeChain()
    const { length } = store.batches
    assert.deepEqual((await mended(store)).found, [])
    assert.equal(store.batches.length, length)
    assert.deepEqual((await mended(createWatchedStore())).found, [])
  })
  for (const [what, spoil] of [
    ['damaged', damage],
    ['missing', drop]
  ] as const) {
    it(`has its head again where the pointer is ${what}`, async () => {
      const store = await makeChain()
      await spoil(store, HEAD)
      const { blocks, found } = await mended(store)
      assert.equal(blocks.head().hash, tip.hash)
      assert.deepEqual(found, ['head is damaged; it is 6 now'])
    })
    it(`has its genesis again where the pointer is ${what}, and also the block`, async () => {
      const store = await makeChain()
      await spoil(store, GENESIS)
      await spoil(store, hashKey(CHAIN_PREFIX.header, genesis.hash))
      const { blocks, found } = await mended(store)
      assert.equal(blocks.blockByNumber(0n)?.hash, genesis.hash)
      assert.deepEqual(found, ['genesis is damaged'])
    })
    it(`goes back to the last whole block where its head is ${what}, and says so`, async () => {
      const store = await makeChain()
      await spoil(store, hashKey(CHAIN_PREFIX.header, tip.hash))
      const { blocks, accepted, found } = await mended(store)
      assert.equal(blocks.head().hash, below.hash)
      assert.deepEqual(found, [`head ${tip.hash} is not the last whole block; it is 5 now`])
      // It was accepted, and is to be had again.
      assert.equal(accepted.acceptedBlock(tip.hash), undefined)
      await accepted.accept([tip])
      assert.equal(accepted.acceptedBlock(tip.hash)?.hash, tip.hash)
    })
  }
  it('does not take a chain for its own that nothing proves to be of its genesis', async () => {
    const store = await makeChain()
    await drop(store, GENESIS)
    await drop(store, hashKey(CHAIN_PREFIX.header, genesis.hash))
    await drop(store, hashKey(CHAIN_PREFIX.header, chain[0]!.hash))
    await assert.rejects(mended(store), /genesis-missing/)
  })
  it('has the newest accepted block again where its index is damaged', async () => {
    const store = await makeChain()
    await damage(store, numberKey(CHAIN_PREFIX.accepted, 6n))
    const { accepted, found } = await mended(store)
    assert.equal(accepted.highestAccepted()?.hash, tip.hash)
    assert.deepEqual(found, ['accepted: an entry fails its check'])
  })
  it('keeps both sides of a conflict where the index of its height is damaged, the canonical one first', async () => {
    const store = await makeChain()
    await damage(store, numberOf.accepted)
    const { accepted } = await mended(store)
    assert.deepEqual(
      accepted.acceptedAt(3n).map(({ hash }) => hash),
      [chain[2]!.hash, beside.hash]
    )
    assert.deepEqual(accepted.contestedHeights(), [3n])
  })
  it('keeps a conflict whose mark is damaged', async () => {
    const store = await makeChain()
    await damage(store, numberOf.contested)
    const { accepted, found } = await mended(store)
    assert.deepEqual(accepted.contestedHeights(), [3n])
    assert.equal(found.length, 1)
  })
  it('finds a conflict again, and the head, where a repair brought older entries back', async () => {
    const store = await makeChain()
    await drop(store, numberOf.contested)
    await drop(store, numberOf.accepted)
    await store.batch(
      store.batches
        .flatMap(({ operations }) => operations)
        .filter(({ key }) => Buffer.compare(key, HEAD) === 0)
        .slice(2, 3),
      { sync: true }
    )
    const { accepted, blocks, found } = await mended(store, { isRepaired: true })
    assert.equal(blocks.head().hash, tip.hash)
    assert.deepEqual(accepted.contestedHeights(), [3n])
    assert.equal(accepted.acceptedAt(3n).length, 2)
    assert.equal(found[0], 'files of the database were damaged')
  })
  it('finds its transactions again where a repair lost them from their index', async () => {
    const store = createWatchedStore()
    const full = signChain(genesis, 3, { transactionsCount: 2 })
    const { blocks, accepted } = await openTestChain(store)
    await accepted.accept(full)
    for (const block of full) await blocks.persist(block, testReceipts(block))
    const places = full.flatMap(({ hash: blockHash, transactions }) =>
      transactions.map((raw, index) => ({ blockHash, hash: bytesToHex(keccak256(raw)), index }))
    )
    assert.equal(places.length, 6)
    for (const { hash } of places) await drop(store, hashKey(CHAIN_PREFIX.transaction, hash))
    const again = (await mended(store, { isRepaired: true })).blocks
    const found = places.map(({ hash }) => again.transactionLocation(hash))
    assert.deepEqual(
      found.map((place) => place && [place.blockHash, place.index]),
      places.map(({ blockHash, index }) => [blockHash, index])
    )
  })
  it('still counts a block for nothing whose mark of being set aside is damaged', async () => {
    const store = await makeChain()
    const { accepted: before } = await openTestChain(store)
    await before.setAside([beside.hash], 'chosen-against')
    await damage(store, hashKey(CHAIN_PREFIX.setAside, beside.hash))
    const { accepted } = await mended(store)
    assert.ok(accepted.isSetAside(beside.hash))
    assert.deepEqual(accepted.contestedHeights(), [])
  })
  it('drops a named value that is damaged, and keeps one that was saved anew meanwhile', async () => {
    const store = await makeChain()
    const value = (name: string) => createNamedValue(store, name, (json) => json as number)
    for (const name of ['one', 'two']) {
      await value(name).save(1)
      await damage(store, nameKey(CHAIN_PREFIX.named, name))
    }
    const { found, mend } = await findChainLoss(
      { store, genesis, log: silentLog },
      { isRepaired: false }
    )
    assert.equal(found.length, 2)
    await value('two').save(2)
    await mend()
    assert.equal(value('one').load(), undefined)
    assert.equal(value('two').load(), 2)
  })
})
