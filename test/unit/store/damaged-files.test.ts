// Files of a real LevelDB directory that are gone, empty, cut or no files: each is damage, and none is an empty database.
import assert from 'node:assert/strict'
import { mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EMPTY_BYTES } from '../../../src/base/bytes.ts'
import { openLevelStore } from '../../../src/store/level-store.ts'
import { StoreError } from '../../../src/store/store-error.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

const SCHEMA = { name: 'test', schemaVersion: 1 }
const VALUE = new Uint8Array(2_000).fill(7)
const KEYS = Uint8Array.from({ length: 100 }, (_, index) => index)
/** As LevelDB makes it: the name of its order of keys, log 0, next file 2, last sequence 0 (google/leveldb, DBImpl::NewDB). */
const FIRST_MANIFEST = new Uint8Array(
  Buffer.from(
    '957cb9c5220001011a6c6576656c64622e4279746577697365436f6d70617261746f72020003020400',
    'hex'
  )
)
const EVERYTHING = { start: EMPTY_BYTES, end: Uint8Array.of(255) }

describe('damage of a LevelDB directory', () => {
  const temporary = useTemporaryDirectory()
  const path = () => join(temporary.path, 'db')

  /** With one table, a log with the newest entry, and a manifest. */
  async function makeDatabase(): Promise<void> {
    const first = await openLevelStore(path(), SCHEMA)
    const puts = Array.from(KEYS, (key) => ({
      type: 'put' as const,
      key: Uint8Array.of(110, key),
      value: VALUE
    }))
    await first.batch(puts, { sync: true })
    await first.close()
    // An open sorts the log into a table.
    const second = await openLevelStore(path(), SCHEMA)
    await second.batch([{ type: 'put', key: Uint8Array.of(111), value: VALUE }], { sync: true })
    await second.close()
  }

  async function fileLike(pattern: RegExp): Promise<string> {
    const name = (await readdir(path())).find((one) => pattern.test(one))
    assert.ok(name, `no file like ${String(pattern)}`)
    return join(path(), name)
  }

  /** Everything, as `db verify` reads it. */
  async function readAll(): Promise<number> {
    const store = await openLevelStore(path(), SCHEMA, { mustExist: true })
    try {
      let count = 0
      for await (const entry of store.iterate(EVERYTHING)) count += entry.length / 2
      return count
    } finally {
      await store.close()
    }
  }

  const intoDirectory = async (file: string) => {
    await rm(file)
    await mkdir(file)
  }
  const MANIFEST = /^MANIFEST/
  const TABLE = /\.ldb$/
  const CURRENT = /^CURRENT$/
  const LOG = /\.log$/
  for (const [what, pattern, damage] of [
    ['MANIFEST is gone', MANIFEST, rm],
    ['MANIFEST is empty', MANIFEST, (file) => truncate(file, 0)],
    ['MANIFEST is a directory', MANIFEST, intoDirectory],
    ['CURRENT is gone', CURRENT, rm],
    ['CURRENT is empty', CURRENT, (file) => truncate(file, 0)],
    ['CURRENT names nothing', CURRENT, (file) => writeFile(file, '\n')],
    [
      'CURRENT names a file that is not there',
      CURRENT,
      (file) => writeFile(file, 'MANIFEST-999999\n')
    ],
    ['a table is gone', TABLE, rm],
    ['a table is empty', TABLE, (file) => truncate(file, 0)],
    ['a table is cut to less than its footer', TABLE, (file) => truncate(file, 20)],
    ['a table is cut', TABLE, (file) => truncate(file, 4_000)],
    ['a table is a directory', TABLE, intoDirectory],
    ['the log is gone', LOG, rm]
  ] as const satisfies readonly (readonly [string, RegExp, (file: string) => Promise<void>])[]) {
    it(`is called that where ${what}, and nothing is made anew`, async () => {
      await makeDatabase()
      assert.equal(await readAll(), KEYS.length + 2)
      await damage(await fileLike(pattern))
      await assert.rejects(readAll(), isDamage)
      // A node opens it, too, and must not take it for an empty one.
      await assert.rejects(async () => {
        await openLevelStore(path(), SCHEMA).then((store) => store.close())
        await readAll()
      }, isDamage)
    })
  }

  it('is not seen in a database whose process died before it had a log', async () => {
    await mkdir(path())
    await writeFile(join(path(), 'CURRENT'), 'MANIFEST-000001\n')
    await writeFile(join(path(), 'MANIFEST-000001'), FIRST_MANIFEST)
    await makeDatabase()
    assert.equal(await readAll(), KEYS.length + 2)
  })

  function isDamage(thrown: unknown): boolean {
    assert.ok(thrown instanceof StoreError, String(thrown))
    assert.equal(thrown.failure.code, 'store-damaged', thrown.message)
    assert.equal(thrown.failure.path, path())
    return true
  }
})
