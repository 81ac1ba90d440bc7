// A record cut anywhere, with any byte changed, with any tail: what a restart makes of it.
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32c } from '../../../protocols/crc32c.ts'
import { encodeEntry, HEADER_BYTES } from '../../../src/signer/record-format.ts'
import { type RecordFinding } from '../../../src/signer/signed-record.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'
import { block, failsWith, hashOf, openRecord, passes, ref, withRecord } from './record-fixture.ts'

const LAST = 4n

describe('signed record, damaged', () => {
  const directory = useTemporaryDirectory()
  const recordPath = () => join(directory.path, 'signed-record')

  /** A record of block 0 adopted and 1 to LAST signed, and where its header and each entry end. */
  async function writeSample(): Promise<{ bytes: Buffer; ends: readonly number[] }> {
    const ends = [HEADER_BYTES]
    await withRecord(recordPath(), async (record) => {
      const noteEnd = async () => void ends.push((await readFile(recordPath())).length)
      await record.adopt(ref(0n))
      await noteEnd()
      for (let number = 1n; number <= LAST; number++) {
        await record.append(block(number), passes)
        await noteEnd()
      }
    })
    return { bytes: await readFile(recordPath()), ends }
  }

  async function findingOf(bytes: Uint8Array): Promise<RecordFinding> {
    await writeFile(recordPath(), bytes)
    return withRecord(recordPath(), (record) => record.finding())
  }

  /** The tip once entries up to there are read: none, then 0, 1, … */
  const tipAfter = (entriesCount: number) =>
    entriesCount === 0 ? undefined : ref(BigInt(entriesCount) - 1n)

  it('is good at the end of each entry, torn within one, unreadable within its header', async () => {
    const { bytes, ends } = await writeSample()
    for (let length = 0; length <= bytes.length; length++) {
      const finding = await findingOf(bytes.subarray(0, length))
      const wholeCount = ends.filter((end) => end <= length).length - 1
      if (wholeCount < 0) {
        assert.equal(finding.kind, 'unreadable', `cut at ${length}`)
        continue
      }
      const tip = tipAfter(wholeCount)
      const isWhole = ends.includes(length)
      const good = tip === undefined ? { kind: 'empty' } : { kind: 'good', tip }
      assert.deepEqual(finding, isWhole ? good : { kind: 'torn', tip }, `cut at ${length}`)
    }
  })

  it('is torn with a changed byte in its last entry, unreadable with one before', async () => {
    const { bytes, ends } = await writeSample()
    const lastStart = ends.at(-2)!
    for (let offset = 0; offset < bytes.length; offset++) {
      for (const mask of [0x01, 0x80, 0xff]) {
        const changed = Buffer.from(bytes)
        changed[offset]! ^= mask
        const finding = await findingOf(changed)
        const name = `byte ${offset} changed by ${mask}`
        if (offset < lastStart) assert.equal(finding.kind, 'unreadable', name)
        else assert.deepEqual(finding, { kind: 'torn', tip: ref(LAST - 1n) }, name)
      }
    }
  })

  it('names its path and the place', async () => {
    const { bytes, ends } = await writeSample()
    bytes[ends[2]! + 20]! ^= 1
    assert.deepEqual(await findingOf(bytes), {
      kind: 'unreadable',
      path: recordPath(),
      reason: `damaged at byte ${ends[2]} of ${bytes.length}, which is not its last entry`
    })
  })

  it('is torn where the last entry’s space was made but not filled', async () => {
    const { bytes, ends } = await writeSample()
    for (let from = ends.at(-2)!; from < bytes.length; from++) {
      const zeroed = Buffer.from(bytes).fill(0, from)
      assert.deepEqual(await findingOf(zeroed), { kind: 'torn', tip: ref(LAST - 1n) })
    }
    const prolonged = Buffer.concat([bytes, Buffer.alloc(4096)])
    assert.deepEqual(await findingOf(prolonged), { kind: 'torn', tip: ref(LAST) })
  })

  it('is unreadable when more is missing than one entry can be', async () => {
    const { bytes } = await writeSample()
    const finding = await findingOf(Buffer.concat([bytes, Buffer.alloc(11 * 2 ** 20)]))
    assert.equal(finding.kind, 'unreadable')
  })

  it('does not take bytes within a message for an entry', async () => {
    const foreign = encodeEntry(new Uint8Array(16), { kind: 'adopted', ...ref(99n) })
    const message = Buffer.concat([Buffer.alloc(24, 1), foreign, foreign])
    await withRecord(recordPath(), async (record) => {
      await record.adopt(ref(0n))
      await record.append({ ...block(1n), message }, passes)
    })
    const bytes = await readFile(recordPath())
    const start = bytes.length - message.length - 54
    for (const offset of [start, start + 4, start + 8, start + 20]) {
      const changed = Buffer.from(bytes)
      changed[offset]! ^= 1
      assert.deepEqual(await findingOf(changed), { kind: 'torn', tip: ref(0n) })
    }
  })

  for (const [name, entry] of [
    ['a height signed twice', { kind: 'signed', ...block(LAST, { branch: 1 }) }],
    ['a head adopted below', { kind: 'adopted', ...ref(1n) }],
    [
      'a release of a block that is not the last',
      { kind: 'released', above: 1n, lastHash: hashOf(2n) }
    ],
    ['hashes of heights below', { kind: 'heights', first: 2n, hashes: new Uint8Array(64) }]
  ] as const) {
    it(`is unreadable with ${name}, which we never wrote`, async () => {
      const { bytes } = await writeSample()
      const salt = bytes.subarray(84, 100)
      const finding = await findingOf(Buffer.concat([bytes, encodeEntry(salt, entry)]))
      assert.equal(finding.kind, 'unreadable')
    })
  }

  it('is unreadable with an entry of a kind that is not known', async () => {
    const { bytes } = await writeSample()
    const entry = encodeEntry(bytes.subarray(84, 100), { kind: 'adopted', ...ref(LAST + 1n) })
    const view = new DataView(entry.buffer)
    const seed = crc32c(bytes.subarray(84, 100))
    entry[12] = 200
    view.setUint32(4, crc32c(entry.subarray(12), seed), true)
    view.setUint32(8, crc32c(entry.subarray(0, 8), seed), true)
    assert.equal((await findingOf(Buffer.concat([bytes, entry]))).kind, 'unreadable')
  })

  it('names the version of a format that it does not know', async () => {
    const { bytes } = await writeSample()
    bytes.writeUInt32LE(7, 16)
    bytes.writeUInt32LE(crc32c(bytes.subarray(0, HEADER_BYTES - 4)), HEADER_BYTES - 4)
    const finding = await findingOf(bytes)
    assert.equal(finding.kind, 'unreadable')
    assert.match(finding.reason, /format version 7/)
  })

  for (const [name, head] of [
    ['its tip', ref(LAST - 1n)],
    ['a head above', ref(LAST)],
    ['another block at the torn height', ref(LAST, 1)]
  ] as const) {
    it(`torn, stays so until ${name} is adopted, and loses only the torn entry`, async () => {
      const { bytes } = await writeSample()
      const torn = bytes.subarray(0, bytes.length - 3)
      await writeFile(recordPath(), torn)
      for (let start = 0; start < 2; start++) {
        await withRecord(recordPath(), async (record) => {
          assert.deepEqual(record.finding(), { kind: 'torn', tip: ref(LAST - 1n) })
          const refused = record.append(block(LAST), passes)
          await assert.rejects(refused, failsWith('record-not-adopted'))
          const released = record.release(1n, hashOf(LAST - 1n))
          await assert.rejects(released, failsWith('record-not-adopted'))
        })
        assert.deepEqual(await readFile(recordPath()), torn)
      }
      await withRecord(recordPath(), async (record) => {
        await record.adopt(head)
        assert.deepEqual(record.finding(), { kind: 'good', tip: head })
        await record.append(block(LAST + 1n), passes)
      })
      await withRecord(recordPath(), (record) => {
        assert.deepEqual(record.tip, ref(LAST + 1n))
        assert.deepEqual(record.messageAt(LAST - 1n), block(LAST - 1n))
        assert.equal(record.hashAt(head.number), head.hash)
      })
    })
  }

  it('torn, does not adopt what contradicts its good entries', async () => {
    const { bytes } = await writeSample()
    await writeFile(recordPath(), bytes.subarray(0, bytes.length - 3))
    const record = await openRecord(recordPath())
    for (const head of [ref(LAST - 1n, 1), ref(LAST - 2n)]) {
      await assert.rejects(record.adopt(head), failsWith('height-already-signed'))
    }
    await record.close()
  })

  it('that changes under an open record is not given back', async () => {
    const { bytes, ends } = await writeSample()
    const record = await openRecord(recordPath())
    bytes[ends[2]! + 60]! ^= 1
    await writeFile(recordPath(), bytes)
    assert.throws(() => record.messageAt(2n), failsWith('record-broken'))
    assert.deepEqual(record.messageAt(3n), block(3n))
    await assert.rejects(record.append(block(5n), passes), failsWith('record-broken'))
    await record.close()
  })
})
