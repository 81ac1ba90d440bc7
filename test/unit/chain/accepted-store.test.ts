// Accepted blocks: on disk before anything is said of them, several at a height, the highest that counts.
import assert from 'node:assert/strict'
import { type AcceptedStore } from '../../../src/chain/stored/accepted-store.ts'
import { ACCEPTED_AT_HEIGHT_MAX } from '../../../src/chain/stored/accepted-index.ts'
import { type Block, type BlockRef } from '../../../src/chain/blocks/block.ts'
import { ChainError } from '../../../src/chain/blocks/chain-error.ts'
import { createSignerSchedule } from '../../../src/chain/blocks/signer-schedule.ts'
import { CHAIN_PREFIX, hashKey, numberKey } from '../../../src/store/keys.ts'
import {
  childBlock,
  OTHER_KEY,
  signChain,
  signChild,
  TEST_SIGNER,
  testGenesisBlock
} from '../../support/signed-chain.ts'
import {
  createWatchedStore,
  damage,
  openTestChain,
  type WatchedStore,
  withUnreadable
} from './chain-fixture.ts'

const genesis = testGenesisBlock()
const ref = ({ number, hash }: Block): BlockRef => ({ number, hash })

describe('the accepted store', () => {
  const first = signChild(genesis, { transactionsCount: 2 })
  const twin = signChild(genesis, { salt: 1 })
  const second = signChild(first)
  const stranger = signChild(genesis, { salt: 2, key: OTHER_KEY })
  let store: WatchedStore
  let accepted: AcceptedStore

  const reopen = async () => (await openTestChain(store)).accepted

  beforeEach(async () => {
    store = createWatchedStore()
    accepted = await reopen()
    store.batches.length = 0
  })

  it('holds nothing at first', () => {
    assert.equal(accepted.highestAccepted(), undefined)
    assert.deepEqual(accepted.acceptedAt(1n), [])
    assert.equal(accepted.acceptedBlock(first.hash), undefined)
    assert.equal(accepted.acceptedMessage(genesis.hash), undefined)
  })
  it('gives a block as it came, after it was opened anew too', async () => {
    await accepted.accept([first])
    for (const one of [accepted, await reopen()]) {
      assert.deepEqual(one.acceptedBlock(first.hash), first)
      assert.deepEqual(one.acceptedMessage(first.hash), { version: 3, message: first.message })
      assert.deepEqual(one.highestAccepted(), ref(first))
    }
  })
  it('keeps a block without a signature apart: it is named, and neither accepted nor shown', async () => {
    const unsigned = childBlock(genesis, { transactionsCount: 2 })
    await accepted.keepNamed([unsigned])
    assert.equal(store.batches.at(-1)?.sync, true)
    for (const one of [accepted, await reopen()]) {
      assert.equal(one.namedBlock(unsigned.hash)?.hash, unsigned.hash)
      assert.equal(one.acceptedBlock(unsigned.hash), undefined)
      assert.equal(one.acceptedMessage(unsigned.hash), undefined)
      assert.deepEqual([one.acceptedAt(1n), one.heldAt(1n)], [[], []])
      assert.equal(one.highestAccepted(), undefined)
    }
  })
  it('takes the signature of a block that came without one before', async () => {
    assert.equal(childBlock(genesis, { transactionsCount: 2 }).hash, first.hash)
    await accepted.keepNamed([childBlock(genesis, { transactionsCount: 2 })])
    await accepted.accept([first])
    await accepted.keepNamed([childBlock(genesis, { transactionsCount: 2 })])
    for (const one of [accepted, await reopen()]) {
      assert.deepEqual(one.acceptedBlock(first.hash), first)
      assert.deepEqual(one.namedBlock(first.hash), first)
    }
  })
  it('writes all blocks of a call in one batch, synced to disk', async () => {
    await accepted.accept([first, twin, second])
    assert.equal(store.batches.length, 1)
    assert.equal(store.batches[0]?.sync, true)
    assert.deepEqual(accepted.highestAccepted(), ref(second))
  })
  it('says nothing of a block before it is on disk', async () => {
    const accepting = accepted.accept([first])
    assert.equal(accepted.highestAccepted(), undefined)
    assert.equal(accepted.acceptedBlock(first.hash), undefined)
    await accepting
    assert.deepEqual(accepted.highestAccepted(), ref(first))
  })
  it('keeps several blocks of a height in the order in which they came', async () => {
    await accepted.accept([twin])
    await accepted.accept([first])
    for (const one of [accepted, await reopen()]) {
      assert.deepEqual(one.acceptedAt(1n), [ref(twin), ref(first)])
      assert.deepEqual(one.highestAccepted(), ref(twin))
    }
  })
  it('writes a block once, however often it comes', async () => {
    await accepted.accept([first, first])
    await accepted.accept([first])
    await accepted.accept([])
    assert.equal(store.batches.length, 1)
    assert.deepEqual(accepted.acceptedAt(1n), [ref(first)])
  })
  it('keeps a block that the schedule does not sign, and does not count it', async () => {
    await accepted.accept([stranger])
    assert.deepEqual(accepted.acceptedBlock(stranger.hash), stranger)
    assert.deepEqual(accepted.acceptedAt(1n), [])
    assert.equal(accepted.highestAccepted(), undefined)
    await accepted.accept([first])
    assert.deepEqual(accepted.acceptedAt(1n), [ref(first)])
    assert.deepEqual((await reopen()).highestAccepted(), ref(first))
  })
  it('counts blocks by the schedule it is opened with', async () => {
    await accepted.accept([first, second, stranger])
    const schedule = createSignerSchedule([
      { fromBlock: 0n, address: TEST_SIGNER },
      { fromBlock: 2n, address: stranger.signer }
    ])
    const other = (await openTestChain(store, schedule)).accepted
    assert.deepEqual(other.highestAccepted(), ref(first))
    assert.deepEqual(other.acceptedAt(2n), [])
  })
  it('does not lower the highest for a block below it', async () => {
    await accepted.accept([second])
    await accepted.accept([first])
    assert.deepEqual(accepted.highestAccepted(), ref(second))
    assert.deepEqual((await reopen()).highestAccepted(), ref(second))
  })
  it('accepts what two callers bring at once, one after the other', async () => {
    await Promise.all([accepted.accept([first]), accepted.accept([twin]), accepted.accept([first])])
    assert.deepEqual((await reopen()).acceptedAt(1n), [ref(first), ref(twin)])
  })
  it('accepts nothing when the write fails, and goes on after it', async () => {
    store.failWith = new Error('no room')
    await assert.rejects(accepted.accept([first]), /no room/)
    assert.equal(accepted.highestAccepted(), undefined)
    assert.equal(accepted.acceptedBlock(first.hash), undefined)
    store.failWith = undefined
    await accepted.accept([first])
    assert.deepEqual(accepted.highestAccepted(), ref(first))
  })
  it('keeps 256 blocks of a height and no more', async () => {
    const many = Array.from({ length: ACCEPTED_AT_HEIGHT_MAX + 1 }, (_, salt) =>
      signChild(genesis, { salt })
    )
    await accepted.accept(many.slice(1))
    await assert.rejects(
      accepted.accept([second, many[0]!]),
      (thrown) => thrown instanceof ChainError && thrown.failure.code === 'too-many-at-height'
    )
    assert.equal(accepted.acceptedAt(1n).length, 256)
    assert.equal(accepted.acceptedBlock(second.hash), undefined)
  })
  it('finds the highest of a long chain after it was opened anew', async () => {
    const chain = signChain(genesis, 300)
    await accepted.accept(chain)
    assert.deepEqual((await reopen()).highestAccepted(), ref(chain[299]!))
  })
})

describe('an accepted block that was set aside', () => {
  const [first, second] = signChain(genesis, 2)
  const twin = signChild(first!, { salt: 9 })
  let store: WatchedStore
  let accepted: AcceptedStore

  beforeEach(async () => {
    store = createWatchedStore()
    accepted = (await openTestChain(store)).accepted
    await accepted.accept([first!, second!])
  })

  it('counts no more, is kept, and has its reason', async () => {
    await accepted.setAside([second!.hash], 'chosen-against')
    for (const one of [accepted, (await openTestChain(store)).accepted]) {
      assert.deepEqual(one.highestAccepted(), ref(first!))
      assert.deepEqual(one.acceptedAt(2n), [])
      assert.deepEqual(one.acceptedBlock(second!.hash), second)
      assert.equal(one.setAsideReason(second!.hash), 'chosen-against')
      assert.equal(one.setAsideReason(first!.hash), undefined)
    }
  })
  it('stays the highest for whoever asks until the next one is found', async () => {
    const settingAside = accepted.setAside([second!.hash], 'rewound')
    const seen: (BlockRef | undefined)[] = []
    // A few turns of the microtask queue: the batch, and then each step of the walk.
    for (let turn = 0; turn < 20; turn++) {
      seen.push(accepted.highestAccepted())
      await Promise.resolve()
    }
    await settingAside
    assert.equal(seen.includes(undefined), false)
    assert.deepEqual(accepted.highestAccepted(), ref(first!))
  })
  it('makes room for another one of its height', async () => {
    await accepted.accept([twin])
    await accepted.setAside([second!.hash], 'given-up')
    assert.deepEqual(accepted.acceptedAt(2n), [ref(twin)])
    assert.deepEqual(accepted.highestAccepted(), ref(twin))
  })
  it('is set aside before it comes, too', async () => {
    await accepted.setAside([twin.hash], 'released')
    await accepted.setAside([second!.hash, first!.hash], 'rewound')
    assert.equal(accepted.highestAccepted(), undefined)
    await accepted.accept([twin])
    assert.equal(accepted.highestAccepted(), undefined)
    assert.equal(accepted.setAsideReason(twin.hash), 'released')
  })
  it('is synced to disk', async () => {
    await accepted.setAside([second!.hash], 'rewound')
    assert.equal(store.batches.at(-1)?.sync, true)
  })
})

describe('heights with more than one accepted block', () => {
  const [one, other] = [signChild(genesis), signChild(genesis, { transactionsCount: 1 })]
  const above = signChild(one)

  it('are known at the next start without a look at every height, as long as two of them count', async () => {
    const store = createWatchedStore()
    const { accepted } = await openTestChain(store)
    await accepted.accept([one, above])
    assert.deepEqual((await openTestChain(store)).accepted.contestedHeights(), [])
    await accepted.accept([other])
    assert.deepEqual((await openTestChain(store)).accepted.contestedHeights(), [1n])
    await accepted.setAside([other.hash], 'chosen-against')
    assert.deepEqual((await openTestChain(store)).accepted.contestedHeights(), [])
  })
})

describe('damage to an accepted block', () => {
  const first = signChild(genesis, { transactionsCount: 1 })

  for (const prefix of ['content', 'header'] as const) {
    it(`of its ${prefix} makes it one that is not held, until it comes anew`, async () => {
      const store = createWatchedStore()
      await (await openTestChain(store)).accepted.accept([first])
      await damage(store, hashKey(CHAIN_PREFIX[prefix], first.hash))
      const { accepted } = await openTestChain(store)
      assert.equal(accepted.acceptedBlock(first.hash), undefined)
      await accepted.accept([first])
      const { accepted: after } = await openTestChain(store)
      assert.deepEqual(after.acceptedBlock(first.hash), first)
      assert.deepEqual(after.acceptedAt(1n), [ref(first)])
    })
    it(`of its ${prefix} that LevelDB finds itself is no other damage`, async () => {
      const store = createWatchedStore()
      await (await openTestChain(store)).accepted.accept([first])
      const key = hashKey(CHAIN_PREFIX[prefix], first.hash)
      const { accepted } = await openTestChain(withUnreadable(store, key))
      assert.equal(accepted.acceptedBlock(first.hash), undefined)
      await accepted.accept([first])
      assert.deepEqual(accepted.acceptedBlock(first.hash), first)
    })
  }
  it('of the index of its height is named', async () => {
    const store = createWatchedStore()
    await (await openTestChain(store)).accepted.accept([first])
    await damage(store, numberKey(CHAIN_PREFIX.accepted, 1n))
    await assert.rejects(
      openTestChain(store),
      (thrown) =>
        thrown instanceof ChainError &&
        thrown.failure.code === 'entry-damaged' &&
        thrown.failure.entry === 'accepted'
    )
  })
})
