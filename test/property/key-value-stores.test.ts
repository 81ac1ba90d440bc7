// LevelDB and the memory store answer the same to any run of writes, reads, snapshots and restarts.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import fc from 'fast-check'
import { compareBytes } from '../../src/base/bytes.ts'
import {
  type BatchOperation,
  type KeyRange,
  type KeyValueReader
} from '../../src/store/key-value-store.ts'
import { openLevelStore } from '../../src/store/level-store.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const SCHEMA = { name: 'test', schemaVersion: 1 }
const RUNS = 25

/** Few and short keys, so that writes meet; all above the schema entry. */
const key = fc
  .array(fc.integer({ min: 100, max: 103 }), { minLength: 1, maxLength: 3 })
  .map((bytes) => Uint8Array.from(bytes))

const operation: fc.Arbitrary<BatchOperation> = fc.oneof(
  fc.record({
    type: fc.constant('put' as const),
    key,
    value: fc.uint8Array({ maxLength: 40 })
  }),
  fc.record({ type: fc.constant('del' as const), key })
)

const range: fc.Arbitrary<KeyRange> = fc.record(
  { start: key, end: key, reverse: fc.boolean(), limit: fc.integer({ min: 0, max: 5 }) },
  { requiredKeys: ['start', 'end'] }
)

const step = fc.oneof(
  fc.record({
    do: fc.constant('write' as const),
    operations: fc.array(operation, { maxLength: 8 })
  }),
  fc.record({ do: fc.constant('snapshot' as const) }),
  fc.record({ do: fc.constant('restart' as const) })
)

describe('the two key-value stores', () => {
  const temporary = useTemporaryDirectory()
  let run = 0

  it('hold the same', async () => {
    const steps = fc.array(step, { maxLength: 12 })
    const reads = fc.record({ keys: fc.array(key, { maxLength: 10 }), ranges: fc.array(range) })
    await fc.assert(
      fc.asyncProperty(steps, reads, async (history, { keys, ranges }) => {
        const path = join(temporary.path, String(run++))
        const memory = createMemoryStore()
        let level = await openLevelStore(path, SCHEMA)
        let snapshots = [memory.snapshot(), level.snapshot()] as const
        for (const next of history) {
          if (next.do === 'write') {
            await memory.batch(next.operations, { sync: false })
            await level.batch(next.operations, { sync: false })
          } else if (next.do === 'snapshot') {
            snapshots = [memory.snapshot(), level.snapshot()]
          } else {
            await level.close()
            level = await openLevelStore(path, SCHEMA)
            snapshots = [memory.snapshot(), level.snapshot()]
          }
        }
        for (const [one, other] of [[memory, level], snapshots] as const) {
          for (const asked of keys) assert.deepEqual(one.get(asked), other.get(asked))
          for (const asked of ranges) {
            assert.deepEqual(await entries(one, asked), await entries(other, asked))
          }
        }
        await level.close()
      }),
      { numRuns: RUNS }
    )
  })
})

/** What is in the range, asserted to be in order. */
async function entries(reader: KeyValueReader, asked: KeyRange) {
  const found: (readonly [Uint8Array, Uint8Array])[] = []
  for await (const entry of reader.iterate(asked)) found.push(entry)
  const sorted = [...found].sort(([a], [b]) => compareBytes(a, b))
  assert.deepEqual(asked.reverse === true ? sorted.reverse() : sorted, found)
  return found
}
