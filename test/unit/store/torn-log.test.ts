// What a power cut may leave of LevelDB's log: whole batches from its start on, and never half of one.
import assert from 'node:assert/strict'
import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openLevelStore } from '../../../src/store/level-store.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

const SCHEMA = { name: 'test', schemaVersion: 1 }
const BATCHES = 6
/** Entries of one batch; batch n writes value n under each. */
const ENTRIES = 5
/** Cuts tried; the log is some 700 bytes long. */
const CUTS = 40

const keyOf = (entry: number) => Uint8Array.of(110, entry)

describe('a torn log', () => {
  const temporary = useTemporaryDirectory()

  it('leaves the batches before the cut, each whole', async () => {
    const source = join(temporary.path, 'source')
    const store = await openLevelStore(source, SCHEMA)
    for (let batch = 1; batch <= BATCHES; batch++) {
      await store.batch(
        Array.from({ length: ENTRIES }, (_, entry) => ({
          type: 'put' as const,
          key: keyOf(entry),
          value: new Uint8Array(12).fill(batch)
        })),
        { sync: true }
      )
    }
    // A copy of a running database is what a kill leaves.
    await cp(source, join(temporary.path, 'killed'), { recursive: true })
    await store.close()

    const survived = new Set<number>()
    for (let cut = 0; cut <= CUTS; cut++) {
      const path = join(temporary.path, `cut-${cut}`)
      await cp(join(temporary.path, 'killed'), path, { recursive: true })
      await cutLog(path, cut / CUTS)
      survived.add(await readBatch(path))
    }
    assert.equal(Math.max(...survived), BATCHES, 'the whole log has all batches')
    assert.deepEqual(
      [...survived].sort(),
      Array.from({ length: BATCHES + 1 }, (_, index) => index)
    )
  })

  /** Cuts the log to a part of its length. */
  async function cutLog(path: string, part: number): Promise<void> {
    const name = (await readdir(path)).find((file) => file.endsWith('.log'))!
    const log = await readFile(join(path, name))
    await writeFile(join(path, name), log.subarray(0, Math.round(log.length * part)))
  }

  /** The number of the last batch; asserts that all its entries are there. */
  async function readBatch(path: string): Promise<number> {
    const store = await openLevelStore(path, SCHEMA)
    const values = Array.from({ length: ENTRIES }, (_, entry) => store.get(keyOf(entry))?.[0] ?? 0)
    await store.close()
    assert.equal(new Set(values).size, 1, `half a batch: ${values.join(' ')}`)
    return values[0]!
  }
})
