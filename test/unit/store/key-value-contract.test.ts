// What every store behind the key-value port does, LevelDB and memory alike.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import {
  type BatchOperation,
  type KeyRange,
  type KeyValueReader,
  type KeyValueStore
} from '../../../src/store/key-value-store.ts'
import { openLevelStore } from '../../../src/store/level-store.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import { StoreError } from '../../../src/store/store-error.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

const SCHEMA = { name: 'test', schemaVersion: 1 }
const directory = { path: '' }

const STORES: readonly (readonly [name: string, open: () => Promise<KeyValueStore>])[] = [
  ['LevelDB', () => openLevelStore(join(directory.path, 'db'), SCHEMA)],
  ['memory', () => Promise.resolve(createMemoryStore())]
]

const bytes = (...values: readonly number[]) => Uint8Array.from(values)
const put = (key: Uint8Array, value: Uint8Array): BatchOperation => ({ type: 'put', key, value })
const del = (key: Uint8Array): BatchOperation => ({ type: 'del', key })

/** More than is handed over in one go. */
const LARGE_BATCH = 3_000
const largeKey = (count: number) => bytes(110, count >> 8, count & 0xff)

async function keysIn(reader: KeyValueReader, range: Partial<KeyRange>): Promise<number[]> {
  const keys: number[] = []
  // Above the schema entry, which LevelDB has and memory has not.
  for await (const [key] of reader.iterate({ start: bytes(100), end: bytes(255), ...range })) {
    keys.push(key[0]!)
  }
  return keys
}

for (const [name, open] of STORES) {
  describe(`key-value store in ${name}`, () => {
    const temporary = useTemporaryDirectory()
    let store: KeyValueStore

    beforeEach(async () => {
      directory.path = temporary.path
      store = await open()
    })
    afterEach(() => store.close())

    it('answers undefined for a key that was never written, and for one that was deleted', async () => {
      assert.equal(store.get(bytes(101)), undefined)
      await store.batch([put(bytes(101), bytes(1))], { sync: false })
      await store.batch([del(bytes(101))], { sync: false })
      assert.equal(store.get(bytes(101)), undefined)
    })
    it('keeps an empty value apart from none', async () => {
      await store.batch([put(bytes(101), bytes())], { sync: false })
      assert.deepEqual(store.get(bytes(101)), bytes())
    })
    it('answers plain bytes, which nobody else holds', async () => {
      const value = bytes(1, 2, 3)
      await store.batch([put(bytes(101), value)], { sync: false })
      value[0] = 9
      const first = store.get(bytes(101))!
      assert.equal(first.constructor, Uint8Array)
      first[1] = 9
      assert.deepEqual(store.get(bytes(101)), bytes(1, 2, 3))
    })
    it('reads a key that is a view of more bytes', async () => {
      await store.batch([put(bytes(0, 101, 0).subarray(1, 2), bytes(7))], { sync: false })
      assert.deepEqual(store.get(bytes(9, 101, 9).subarray(1, 2)), bytes(7))
    })
    it('carries a batch out in its order', async () => {
      await store.batch([put(bytes(101), bytes(1)), put(bytes(101), bytes(2))], { sync: true })
      assert.deepEqual(store.get(bytes(101)), bytes(2))
      await store.batch([put(bytes(101), bytes(3)), del(bytes(101))], { sync: true })
      assert.equal(store.get(bytes(101)), undefined)
    })

    it('takes a batch of nothing', async () => {
      await store.batch([put(bytes(101), bytes(1))], { sync: true })
      await store.batch([], { sync: false })
      assert.deepEqual(store.get(bytes(101)), bytes(1))
    })

    it('takes a large batch as one: nothing of it is there before all of it', async () => {
      let takenCount = 0
      const operations = function* () {
        for (; takenCount < LARGE_BATCH; takenCount++) {
          assert.equal(store.get(largeKey(0)), undefined, 'nothing yet')
          yield put(largeKey(takenCount), bytes(1))
        }
        yield del(largeKey(1))
      }
      await store.batch(operations(), { sync: true })
      assert.equal(takenCount, LARGE_BATCH)
      assert.deepEqual(store.get(largeKey(0)), bytes(1))
      assert.equal(store.get(largeKey(1)), undefined)
      assert.deepEqual(store.get(largeKey(LARGE_BATCH - 1)), bytes(1))
    })
    it('writes nothing of a batch whose making fails', async () => {
      const operations = function* () {
        for (let count = 0; count < LARGE_BATCH; count++) yield put(largeKey(count), bytes(1))
        throw new RangeError('no more')
      }
      await assert.rejects(store.batch(operations(), { sync: true }))
      for (const count of [0, LARGE_BATCH - 1]) assert.equal(store.get(largeKey(count)), undefined)
      await store.batch([put(largeKey(0), bytes(2))], { sync: true })
      assert.deepEqual(store.get(largeKey(0)), bytes(2), 'others are written all the same')
    })

    for (const [what, range, expected] of [
      ['all, in byte order', {}, [101, 102, 103, 200]],
      ['from the start on, the end left out', { start: bytes(102), end: bytes(200) }, [102, 103]],
      ['from the end down', { reverse: true }, [200, 103, 102, 101]],
      ['down, the end left out', { end: bytes(200), reverse: true }, [103, 102, 101]],
      ['as many as asked for', { limit: 2 }, [101, 102]],
      ['as many as asked for, from the end', { limit: 1, reverse: true }, [200]],
      ['none of an empty range', { start: bytes(103), end: bytes(103) }, []],
      ['none of a range that ends before it starts', { start: bytes(200), end: bytes(101) }, []],
      ['what lies behind a start with no entry', { start: bytes(101, 0) }, [102, 103, 200]]
    ] as const) {
      it(`iterates over ${what}`, async () => {
        const keys = [103, 101, 200, 102]
        await store.batch(
          keys.map((key) => put(bytes(key), bytes(key))),
          { sync: false }
        )
        assert.deepEqual(await keysIn(store, range), expected)
      })
    }

    it('iterates over more entries than it fetches at once, and stops when nobody asks', async () => {
      const count = 1000
      const operations = Array.from({ length: count }, (_, index) =>
        put(bytes(101, index >> 8, index & 255), new Uint8Array(300).fill(index))
      )
      await store.batch(operations, { sync: false })
      const range = { start: bytes(101), end: bytes(102) }
      let seen = 0
      for await (const [key, value] of store.iterate(range)) {
        assert.deepEqual(key, bytes(101, seen >> 8, seen & 255))
        assert.deepEqual(value, new Uint8Array(300).fill(seen))
        seen++
      }
      assert.equal(seen, count)
      for await (const [key] of store.iterate(range)) {
        assert.deepEqual(key, bytes(101, 0, 0))
        break
      }
    })
    it('shows a running iteration nothing of later writes', async () => {
      await store.batch([put(bytes(101), bytes(1)), put(bytes(102), bytes(1))], { sync: false })
      const seen: number[] = []
      for await (const [key] of store.iterate({ start: bytes(100), end: bytes(255) })) {
        if (seen.length === 0) {
          await store.batch([del(bytes(102)), put(bytes(103), bytes(1))], { sync: false })
        }
        seen.push(key[0]!)
      }
      assert.deepEqual(seen, [101, 102])
    })

    it('keeps a snapshot as it was, for reads and iterations', async () => {
      await store.batch([put(bytes(101), bytes(1)), put(bytes(102), bytes(1))], { sync: false })
      const snapshot = store.snapshot()
      await store.batch([put(bytes(101), bytes(2)), del(bytes(102)), put(bytes(103), bytes(3))], {
        sync: false
      })
      assert.deepEqual(snapshot.get(bytes(101)), bytes(1))
      assert.deepEqual(snapshot.get(bytes(102)), bytes(1))
      assert.equal(snapshot.get(bytes(103)), undefined)
      assert.deepEqual(await keysIn(snapshot, {}), [101, 102])
      assert.deepEqual(store.get(bytes(101)), bytes(2))
      assert.deepEqual(await keysIn(store, {}), [101, 103])
      await snapshot.close()
    })
    it('does not read from a closed snapshot', async () => {
      const snapshot = store.snapshot()
      await snapshot.close()
      assert.throws(() => snapshot.get(bytes(101)), isClosed)
      await assert.rejects(keysIn(snapshot, {}), isClosed)
    })
    it('does nothing any more when it is closed', async () => {
      await store.close()
      assert.throws(() => store.get(bytes(101)), isClosed)
      assert.throws(() => store.snapshot(), isClosed)
      await assert.rejects(keysIn(store, {}), isClosed)
      await assert.rejects(store.batch([put(bytes(101), bytes(1))], { sync: true }), isClosed)
    })
  })
}

function isClosed(thrown: unknown): boolean {
  return thrown instanceof StoreError && thrown.failure.code === 'store-closed'
}
