// After a large batch the next start reads little back: LevelDB's log was sorted into a file meanwhile.
import assert from 'node:assert/strict'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type BatchOperation } from '../../../src/store/key-value-store.ts'
import { openLevelStore } from '../../../src/store/level-store.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

const SCHEMA = { name: 'test', schemaVersion: 1 }
const WRITE_BUFFER_BYTES = 64 * 1024
const VALUE_BYTES = 1024

/** Values that do not compress, so that files show how many there are. */
const operation = (index: number): BatchOperation => ({
  type: 'put',
  key: Uint8Array.of(110, index >> 8, index & 0xff),
  value: Uint8Array.from({ length: VALUE_BYTES }, (_, at) => (index * 31 + at * at * 7) & 0xff)
})

describe('a large batch', () => {
  const temporary = useTemporaryDirectory()

  /** Writes it, closes, and says how many bytes of log a start would read. */
  async function logBytesAfter(name: string, entriesCount: number): Promise<number> {
    const path = join(temporary.path, name)
    const options = { writeBufferBytes: WRITE_BUFFER_BYTES }
    const store = await openLevelStore(path, SCHEMA, options)
    const operations = Array.from({ length: entriesCount }, (_, index) => operation(index))
    await store.batch(operations, { sync: true })
    await store.close()
    const logs = (await readdir(path)).filter((file) => file.endsWith('.log'))
    const sizes = await Promise.all(logs.map(async (file) => (await stat(join(path, file))).size))
    const again = await openLevelStore(path, SCHEMA, options)
    for (const written of operations) {
      assert.ok(written.type === 'put')
      assert.deepEqual(again.get(written.key), written.value)
    }
    await again.close()
    return sizes.reduce((sum, size) => sum + size, 0)
  }

  it('is out of the log when the database is closed, and whole', async () => {
    assert.equal(await logBytesAfter('large', 256), 0)
  })
  it('stays in the log when it is smaller than the write buffer', async () => {
    const entriesCount = 16
    assert.ok((await logBytesAfter('small', entriesCount)) > entriesCount * VALUE_BYTES)
  })
})
