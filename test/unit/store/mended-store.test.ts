// A database whose files were damaged, opened all the same: repaired with the rest of it, or set aside; and what is noted of that.
import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { silentLog } from '../../../src/base/log.ts'
import { EMPTY_BYTES } from '../../../src/base/bytes.ts'
import { findFileDamage } from '../../../src/store/file-damage.ts'
import { openLevelStore } from '../../../src/store/level-store.ts'
import {
  type MendedStore,
  openMendedStore,
  SET_ASIDE_MAX
} from '../../../src/store/mended-store.ts'
import { StoreError } from '../../../src/store/store-error.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

const SCHEMA = { name: 'test', schemaVersion: 1 }
/** Bytes that do not compress away: several blocks of a table. */
const valueOf = (key: number) =>
  Uint8Array.from({ length: 1_000 }, (_, at) => (key * at * 7) & 0xff)
const TABLE_KEYS = 60
const LOG_KEYS = 20
const BATCH_KEYS = 5
const ALL_KEYS = TABLE_KEYS + LOG_KEYS

describe('a database with damaged files', () => {
  const temporary = useTemporaryDirectory()
  const path = () => join(temporary.path, 'db')
  const aside = () => join(temporary.path, 'set-aside')

  function open({ isAside = false } = {}): Promise<MendedStore> {
    return openMendedStore(path(), SCHEMA, {
      log: silentLog,
      ...(isAside && { setAsideIn: aside() }),
      open: (knownSchema) => openLevelStore(path(), SCHEMA, { knownSchema })
    })
  }

  /** A table, and a log with the newest entries. */
  beforeEach(async () => {
    for (const keys of [
      [0, TABLE_KEYS],
      [TABLE_KEYS, ALL_KEYS]
    ] as const) {
      const { store, close } = await open()
      for (let key = keys[0]; key < keys[1]; key += BATCH_KEYS) {
        const puts = Array.from({ length: BATCH_KEYS }, (_, at) => ({
          type: 'put' as const,
          key: Uint8Array.of(110, key + at),
          value: valueOf(key + at)
        }))
        await store.batch(puts, { sync: false })
      }
      await close()
    }
  })

  async function fileLike(pattern: RegExp): Promise<string> {
    const name = (await readdir(path())).find((one) => pattern.test(one))
    assert.ok(name, `no file like ${String(pattern)}`)
    return join(path(), name)
  }

  /** How many entries are there, each as it was written. */
  async function countIn({ store }: MendedStore): Promise<number> {
    let count = 0
    const range = { start: Uint8Array.of(110), end: Uint8Array.of(111) }
    for await (const [key, value] of store.iterate(range)) {
      assert.deepEqual(value, valueOf(key[1]!))
      count += 1
    }
    return count
  }

  async function openAndCount(options = {}) {
    const mended = await open(options)
    try {
      const count = await countIn(mended)
      const { damage } = mended
      await mended.noted()
      return { count, damage }
    } finally {
      await mended.close()
    }
  }

  async function flip(file: string, offset: number): Promise<void> {
    const bytes = await readFile(file)
    bytes[offset]! ^= 0x11
    await writeFile(file, bytes)
  }

  const MANIFEST = /^MANIFEST/
  const TABLE = /\.ldb$/
  const CURRENT = /^CURRENT$/
  const LOG = /\.log$/
  const cut = async (file: string) => truncate(file, ((await stat(file)).size * 3) >> 2)
  for (const [what, pattern, damage, { least, most, says }] of [
    ['MANIFEST is gone', MANIFEST, rm, { least: ALL_KEYS, most: ALL_KEYS, says: /MANIFEST/ }],
    [
      'MANIFEST is changed',
      MANIFEST,
      (file) => flip(file, 30),
      { least: ALL_KEYS, most: ALL_KEYS, says: /checksum/ }
    ],
    [
      'CURRENT is gone',
      CURRENT,
      rm,
      { least: ALL_KEYS, most: ALL_KEYS, says: /CURRENT is missing/ }
    ],
    ['a table is gone', TABLE, rm, { least: LOG_KEYS, most: LOG_KEYS, says: /missing/ }],
    ['a table is cut', TABLE, cut, { least: LOG_KEYS, most: LOG_KEYS, says: /by the manifest/ }],
    [
      'a block of a table is changed',
      TABLE,
      (file) => flip(file, 9_000),
      { least: ALL_KEYS - 6, most: ALL_KEYS - 1, says: /checksum/ }
    ],
    ['the log is gone', LOG, rm, { least: TABLE_KEYS, most: TABLE_KEYS, says: /missing/ }],
    [
      'the log is changed',
      LOG,
      (file) => flip(file, 1_500),
      { least: TABLE_KEYS, most: ALL_KEYS - 1, says: /checksum/ }
    ],
    [
      'the log is cut',
      LOG,
      cut,
      { least: TABLE_KEYS + 1, most: ALL_KEYS - 1, says: /when it was closed/ }
    ]
  ] as const satisfies readonly (readonly [
    string,
    RegExp,
    (file: string) => Promise<void>,
    { readonly least: number; readonly most: number; readonly says: RegExp }
  ])[]) {
    it(`is repaired where ${what}: it has the rest, and says that some may be lost`, async () => {
      await damage(await fileLike(pattern))
      const { count, damage: told } = await openAndCount()
      assert.match(told ?? '', says)
      assert.ok(count >= least && count <= most, String(count))
      // It is sound from then on, and says no more.
      assert.equal(await findFileDamage(path(), { isDeep: true }), undefined)
      assert.deepEqual(await openAndCount(), { count, damage: undefined })
    })
  }

  it('is set aside whole, and begun anew, where its content can be had again', async () => {
    await rm(await fileLike(MANIFEST))
    const before = await readdir(path())
    assert.deepEqual(await openAndCount({ isAside: true }), { count: 0, damage: undefined })
    assert.deepEqual(await readdir(aside()), ['db-1'])
    const kept = (await readdir(join(aside(), 'db-1'))).filter((name) => !name.startsWith('.'))
    assert.deepEqual(
      kept,
      before.filter((name) => !name.startsWith('.'))
    )
  })

  it('is refused where a disk damages one after the other', async () => {
    for (let at = 1; at <= SET_ASIDE_MAX; at++)
      await mkdir(join(aside(), `db-${String(at)}`), { recursive: true })
    await rm(await fileLike(MANIFEST))
    await assert.rejects(open({ isAside: true }), (thrown) => {
      assert.ok(thrown instanceof StoreError)
      assert.equal(thrown.failure.code, 'store-damaged')
      return true
    })
  })

  it('says of its loss until that is noted', async () => {
    await rm(await fileLike(TABLE))
    const first = await open()
    await first.close()
    const second = await open()
    assert.match(second.damage ?? '', /missing/)
    await second.noted()
    await second.close()
    assert.equal((await openAndCount()).damage, undefined)
  })

  it('is left alone while another process has it open, or this one', async () => {
    const { close } = await open()
    await rm(await fileLike(TABLE))
    await assert.rejects(open(), (thrown) => {
      assert.ok(thrown instanceof StoreError)
      assert.equal(thrown.failure.code, 'store-locked')
      return true
    })
    await close()
    assert.equal((await openAndCount()).count, LOG_KEYS)
  })

  it('is opened in a process of its own first, where an open ended the process', async () => {
    await writeFile(join(path(), '.opening'), '')
    assert.deepEqual(await openAndCount(), { count: ALL_KEYS, damage: undefined })
    assert.ok(!(await readdir(path())).includes('.opening'))
  })

  it('keeps its schema where the entry was lost, and is no other one for that', async () => {
    const { store, close } = await open()
    await store.batch([{ type: 'del', key: new Uint8Array(Buffer.from('!schema')) }], {
      sync: true
    })
    await close()
    assert.equal((await openAndCount()).count, ALL_KEYS)
    const other = { name: 'other', schemaVersion: 1 }
    await assert.rejects(openLevelStore(path(), other), /foreign-directory/)
  })

  it('has no damage where a process died before it had a log, or in the midst of a record', async () => {
    assert.equal(await findFileDamage(join(temporary.path, 'none')), undefined)
    const log = await fileLike(LOG)
    await truncate(log, (await stat(log)).size - 10)
    assert.equal(await findFileDamage(path(), { isDeep: true }), undefined)
    // Zeros, as a power cut leaves them.
    await writeFile(log, Buffer.concat([await readFile(log), Buffer.alloc(5_000)]))
    assert.match((await findFileDamage(path())) ?? '', /checksum/)
    await truncate(log, 0)
    await writeFile(log, Buffer.alloc(5_000))
    assert.equal(await findFileDamage(path()), undefined)
  })

  it('has each changed byte of a manifest and of a table noticed', async () => {
    assert.equal(await findFileDamage(path(), { isDeep: true }), undefined)
    for (const pattern of [MANIFEST, TABLE]) {
      const file = await fileLike(pattern)
      const sound = await readFile(file)
      for (let offset = 0; offset < sound.length; offset += 1 + (sound.length >> 4)) {
        await flip(file, offset)
        const found = await findFileDamage(path(), { isDeep: true })
        // Between the two handles and the number at the end of a table lie zeros that nobody reads.
        const isPadding =
          pattern === TABLE && offset > sound.length - 48 && offset < sound.length - 8
        assert.ok(isPadding || found !== undefined, `byte ${String(offset)} of ${file}`)
        await writeFile(file, sound)
      }
    }
  })

  it('has entries of every kind when nothing is wrong', async () => {
    const mended = await open()
    const keys: Uint8Array[] = []
    for await (const [key] of mended.store.iterate({ start: EMPTY_BYTES, end: Uint8Array.of(255) }))
      keys.push(key)
    await mended.close()
    assert.equal(keys.length, ALL_KEYS + 1)
  })
})
