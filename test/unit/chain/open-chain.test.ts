// Opening a chain database: begun, begun before, begun with another genesis, or with its beginning lost.
import assert from 'node:assert/strict'
import { ChainError } from '../../../src/chain/blocks/chain-error.ts'
import { createNamedValue, NAMED_VALUE_MAX_BYTES } from '../../../src/chain/stored/named-value.ts'
import { openChain } from '../../../src/chain/stored/open-chain.ts'
import {
  CHAIN_DATABASE,
  CHAIN_PREFIX,
  hashKey,
  nameKey,
  numberKey,
  soleKey
} from '../../../src/store/keys.ts'
import { openLevelStore } from '../../../src/store/level-store.ts'
import { signChild, testGenesisBlock, testReceipts } from '../../support/signed-chain.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'
import { createWatchedStore, damage, openTestChain, TEST_SCHEDULE } from './chain-fixture.ts'

const genesis = testGenesisBlock()
const other = testGenesisBlock({ timestamp: 1_700_000_001 })
const first = signChild(genesis, { transactionsCount: 1 })

const isCode = (code: string) => (thrown: unknown) => {
  assert.ok(thrown instanceof ChainError, String(thrown))
  assert.equal(thrown.failure.code, code)
  return true
}

describe('openChain', () => {
  it('writes genesis in one synced batch, and nothing when it stands there', async () => {
    const store = createWatchedStore()
    await openTestChain(store)
    assert.deepEqual(
      store.batches.map(({ sync }) => sync),
      [true]
    )
    await openTestChain(store)
    assert.equal(store.batches.length, 1)
  })
  it('refuses the database of another chain with both hashes, and changes nothing', async () => {
    const store = createWatchedStore()
    const { blocks } = await openTestChain(store)
    await blocks.persist(first, testReceipts(first))
    const batchesCount = store.batches.length
    await assert.rejects(
      openChain(store, { genesis: other, schedule: TEST_SCHEDULE }),
      (thrown) => {
        assert.ok(thrown instanceof ChainError)
        assert.deepEqual(thrown.failure, {
          code: 'genesis-mismatch',
          stored: genesis.hash,
          configured: other.hash
        })
        return true
      }
    )
    assert.equal(store.batches.length, batchesCount)
    assert.deepEqual((await openTestChain(store)).blocks.head(), first)
  })
  it('takes named values before the first block', async () => {
    const store = createWatchedStore()
    await createNamedValue(store, 'recovery', String).save('begun')
    assert.deepEqual((await openTestChain(store)).blocks.head(), genesis)
  })
  for (const [what, key] of [
    ['the head', soleKey(CHAIN_PREFIX.head)],
    ['the header of the head', hashKey(CHAIN_PREFIX.header, first.hash)],
    ['the content of the head', hashKey(CHAIN_PREFIX.content, first.hash)]
  ] as const) {
    it(`names an entry that is missing or damaged: ${what}`, async () => {
      const store = createWatchedStore()
      const { blocks } = await openTestChain(store)
      await blocks.persist(first, testReceipts(first))
      await damage(store, key)
      await assert.rejects(openTestChain(store), isCode('entry-damaged'))
      await store.batch([{ type: 'del', key }], { sync: true })
      await assert.rejects(openTestChain(store), isCode('entry-missing'))
    })
  }
  it('does not begin anew where genesis is lost and blocks are left', async () => {
    const store = createWatchedStore()
    const { blocks } = await openTestChain(store)
    await blocks.persist(first, testReceipts(first))
    await store.batch([{ type: 'del', key: numberKey(CHAIN_PREFIX.canonical, 0n) }], { sync: true })
    const batchesCount = store.batches.length
    await assert.rejects(openTestChain(store), isCode('genesis-missing'))
    assert.equal(store.batches.length, batchesCount)
  })
})

describe('openChain on disk', () => {
  const directory = useTemporaryDirectory()

  it('refuses another chain’s directory, and opens its own again', async () => {
    const open = async () => openLevelStore(directory.path, CHAIN_DATABASE)
    const store = await open()
    const { blocks } = await openTestChain(store)
    await blocks.persist(first, testReceipts(first))
    await store.close()

    const again = await open()
    await assert.rejects(
      openChain(again, { genesis: other, schedule: TEST_SCHEDULE }),
      isCode('genesis-mismatch')
    )
    assert.deepEqual((await openTestChain(again)).blocks.head(), first)
    await again.close()
  })
})

describe('a named value', () => {
  const parse = (json: unknown) => {
    if (typeof json !== 'number') throw new TypeError('not a number')
    return json
  }
  it('is what was saved last, apart from those of other names', async () => {
    const store = createWatchedStore()
    const value = createNamedValue(store, 'one', parse)
    assert.equal(value.load(), undefined)
    await value.save(1)
    await createNamedValue(store, 'other', parse).save(3)
    await value.save(2)
    assert.equal(createNamedValue(store, 'one', parse).load(), 2)
    assert.deepEqual(
      store.batches.map(({ sync }) => sync),
      [true, true, true]
    )
  })
  it('is refused with its name when it is not of its kind', async () => {
    const store = createWatchedStore()
    await createNamedValue(store, 'one', String).save('text')
    assert.throws(() => createNamedValue(store, 'one', parse).load(), isCode('named-value-invalid'))
  })
  it('is refused when it is damaged', async () => {
    const store = createWatchedStore()
    const value = createNamedValue(store, 'one', parse)
    await value.save(12_345)
    await damage(store, nameKey(CHAIN_PREFIX.named, 'one'))
    assert.throws(() => value.load(), isCode('entry-damaged'))
  })
  it('is not written when it is too large', async () => {
    const store = createWatchedStore()
    const value = createNamedValue(store, 'one', String)
    await assert.rejects(
      value.save('x'.repeat(NAMED_VALUE_MAX_BYTES)),
      isCode('named-value-invalid')
    )
    assert.deepEqual(store.batches, [])
  })
  for (const name of ['', 'One', 'a b', 'x'.repeat(65)]) {
    it(`is not called "${name}"`, () => {
      assert.throws(() => createNamedValue(createWatchedStore(), name, parse), RangeError)
    })
  }
})
