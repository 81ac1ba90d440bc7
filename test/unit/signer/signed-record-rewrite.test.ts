// Dropping messages that nobody needs any more, beside signing, and safe to kill.
import assert from 'node:assert/strict'
import { cp, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { summarizeRecord } from '../../../src/signer/record-summary.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'
import {
  block,
  createFaultyDisk,
  failsWith,
  hashOf,
  openRecord,
  passes,
  ref,
  withRecord,
  writeRecord
} from './record-fixture.ts'

const OPTIONS = { keptBlocks: 3, rewriteMinBytes: 1 }

describe('signed record, rewritten', () => {
  const directory = useTemporaryDirectory()
  const recordPath = () => join(directory.path, 'signed-record')

  for (const [name, heads, firstMessage] of [
    ['three below the replicated head', { persisted: 20n, replicated: 20n }, 18n],
    ['what is persisted', { persisted: 12n, replicated: 20n }, 13n],
    ['the replicated head, however far we are', { persisted: 20n, replicated: 15n }, 13n]
  ] as const) {
    it(`drops messages up to ${name}, and keeps every hash`, async () => {
      await writeRecord(recordPath(), 20n)
      await withRecord(recordPath(), (record) => record.prune(heads), OPTIONS)
      await withRecord(recordPath(), (record) => {
        assert.deepEqual(record.finding(), { kind: 'good', tip: ref(20n) })
        for (let number = 0n; number <= 20n; number++) {
          assert.equal(record.hashAt(number), hashOf(number))
          const expected = number < firstMessage ? undefined : block(number)
          assert.deepEqual(record.messageAt(number), expected)
        }
        assert.equal([...record.blocksAbove(-1n)][0]?.number, firstMessage)
      })
    })
  }

  it('waits until it frees half of the file', async () => {
    await writeRecord(recordPath(), 20n)
    const before = await readFile(recordPath())
    await withRecord(recordPath(), (r) => r.prune({ persisted: 8n, replicated: 20n }), OPTIONS)
    assert.deepEqual(await readFile(recordPath()), before)
    const options = { ...OPTIONS, rewriteMinBytes: 1 << 20 }
    await withRecord(recordPath(), (r) => r.prune({ persisted: 20n, replicated: 20n }), options)
    assert.deepEqual(await readFile(recordPath()), before)
  })

  it('joins the hashes of one rewrite with those of the last, across a hole', async () => {
    await writeRecord(recordPath(), 10n)
    await withRecord(
      recordPath(),
      async (record) => {
        await record.prune({ persisted: 10n, replicated: 13n })
        await record.adopt(ref(20n))
        for (let number = 21n; number <= 60n; number++) await record.append(block(number), passes)
        await record.prune({ persisted: 60n, replicated: 63n })
      },
      OPTIONS
    )
    const { content } = await summarizeRecord(recordPath())
    assert.equal(content?.heightsCount, 52)
    assert.equal(content.entriesCount, 0)
    await withRecord(recordPath(), (record) => {
      const held = [0n, 10n, 11n, 19n, 20n, 60n].map((number) => record.hashAt(number))
      const expected = [0n, 10n, undefined, undefined, 20n, 60n]
      assert.deepEqual(held, expected.map((number) => number && hashOf(number)).with(0, hashOf(0n)))
    })
    // 52 hashes in two entries, and no more.
    assert.equal((await stat(recordPath())).size, 104 + 2 * 21 + 52 * 32)
  })

  it('keeps what was set aside', async () => {
    await writeRecord(recordPath(), 20n)
    await withRecord(
      recordPath(),
      async (record) => {
        await record.release(18n, hashOf(20n))
        await record.append(block(19n, { branch: 1 }), passes)
        await record.prune({ persisted: 19n, replicated: 22n })
      },
      OPTIONS
    )
    await withRecord(recordPath(), (record) => {
      assert.deepEqual(record.tip, ref(19n, 1))
      assert.ok(record.isSetAside(hashOf(19n)) && record.isSetAside(hashOf(20n)))
      assert.equal(record.hashAt(18n), hashOf(18n))
    })
  })

  it('lets signing go on meanwhile, and loses none of it', async () => {
    await writeRecord(recordPath(), 200n)
    const record = await openRecord(recordPath(), OPTIONS)
    const pruning = record.prune({ persisted: 200n, replicated: 200n })
    for (let number = 201n; number <= 230n; number++) await record.append(block(number), passes)
    await pruning
    await record.append(block(231n), passes)
    assert.deepEqual(record.messageAt(231n), block(231n))
    await record.close()
    await withRecord(recordPath(), (reopened) => {
      assert.deepEqual(reopened.tip, ref(231n))
      for (let number = 0n; number <= 231n; number++) {
        assert.equal(reopened.hashAt(number), hashOf(number))
      }
      assert.equal([...reopened.blocksAbove(197n)].length, 34)
      assert.equal(reopened.messageAt(197n), undefined)
    })
  })

  it('is one at a time', async () => {
    await writeRecord(recordPath(), 50n)
    let opensCount = 0
    const disk = createFaultyDisk((step) => {
      if (step === 'open') opensCount++
      return undefined
    })
    const record = await openRecord(recordPath(), { ...OPTIONS, disk })
    const heads = { persisted: 50n, replicated: 50n }
    await Promise.all([record.prune(heads), record.prune(heads)])
    await record.close()
    assert.equal(opensCount, 2, 'the record, and one new version of it')
  })

  it('takes nothing more when its directory could not be synced after the rename', async () => {
    await writeRecord(recordPath(), 30n)
    let renamed = false
    const base = createFaultyDisk(() => undefined)
    const record = await openRecord(recordPath(), {
      ...OPTIONS,
      disk: {
        ...base,
        async rename(from, to) {
          await base.rename(from, to)
          renamed = true
        },
        async open(path, flags, mode) {
          if (renamed && flags === 'r') throw new Error('EIO: i/o error')
          return base.open(path, flags, mode)
        }
      }
    })
    const pruning = record.prune({ persisted: 30n, replicated: 30n })
    await assert.rejects(pruning, failsWith('record-broken'))
    await assert.rejects(record.append(block(31n), passes), failsWith('record-broken'))
    await record.close()
    await withRecord(recordPath(), (reopened) => assert.deepEqual(reopened.tip, ref(30n)))
  })

  it('finds its way past whatever a killed rewrite left', async () => {
    await writeRecord(recordPath(), 20n)
    const before = await readFile(recordPath())
    const leftover = `${recordPath()}.rewrite`
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(500, 7), before, before.subarray(0, 150)]) {
      await writeFile(leftover, bytes)
      await withRecord(recordPath(), (record) => assert.deepEqual(record.tip, ref(20n)))
      await assert.rejects(stat(leftover), { code: 'ENOENT' })
    }
    // Killed before the rename of the very first version.
    const path = join(directory.path, 'first')
    await cp(recordPath(), `${path}.rewrite`)
    await withRecord(path, async (record) => {
      assert.deepEqual(record.finding(), { kind: 'missing' })
      await record.adopt(ref(3n))
    })
    await withRecord(path, (record) => assert.deepEqual(record.tip, ref(3n)))
  })
})
