// The signed record: what it refuses, what it gives back, and what a restart finds.
import assert from 'node:assert/strict'
import { chmod, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RecordBinding } from '../../../src/signer/record-format.ts'
import { summarizeRecord } from '../../../src/signer/record-summary.ts'
import { openSignedRecord } from '../../../src/signer/signed-record.ts'
import { type SignerFailure } from '../../../src/signer/signer-error.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'
import {
  BINDING,
  block,
  failsWith,
  hashOf,
  openRecord,
  passes,
  ref,
  withRecord,
  writeRecord
} from './record-fixture.ts'

describe('signed record', () => {
  const directory = useTemporaryDirectory()
  const recordPath = () => join(directory.path, 'signed-record')

  it('is missing, then empty, then good, each also after it was opened again', async () => {
    const path = recordPath()
    await withRecord(path, async (record) => {
      assert.deepEqual(record.finding(), { kind: 'missing' })
      await record.create()
      assert.deepEqual(record.finding(), { kind: 'empty' })
    })
    await withRecord(path, async (record) => {
      assert.deepEqual(record.finding(), { kind: 'empty' })
      await record.adopt(ref(7n))
      assert.deepEqual(record.finding(), { kind: 'good', tip: ref(7n) })
    })
    await withRecord(path, (record) => {
      assert.deepEqual(record.finding(), { kind: 'good', tip: ref(7n) })
    })
  })

  it('is missing no more once a head was adopted, without ever being empty', async () => {
    await withRecord(recordPath(), async (record) => {
      await record.adopt(ref(0n))
      assert.deepEqual(record.finding(), { kind: 'good', tip: ref(0n) })
    })
    await withRecord(recordPath(), (record) => {
      assert.deepEqual(record.finding(), { kind: 'good', tip: ref(0n) })
    })
  })

  it('is readable by its owner alone', async () => {
    await writeRecord(recordPath(), 1n)
    const { mode } = await stat(recordPath())
    assert.equal(mode & 0o777, 0o600)
  })

  it('is not created where one is, whatever that is', async () => {
    await writeRecord(recordPath(), 1n)
    const before = await readFile(recordPath())
    await withRecord(recordPath(), (record) =>
      assert.rejects(record.create(), failsWith({ code: 'record-exists', path: recordPath() }))
    )
    assert.deepEqual(await readFile(recordPath()), before)
    await writeFile(recordPath(), 'not a record')
    await withRecord(recordPath(), (record) =>
      assert.rejects(record.create(), failsWith('record-exists'))
    )
  })

  it('signs nothing before a head was adopted', async () => {
    const path = recordPath()
    await withRecord(path, async (record) => {
      const refusal = { code: 'record-not-adopted', path, finding: 'missing' } as const
      await assert.rejects(record.append(block(1n), passes), failsWith(refusal))
      await record.create()
      await assert.rejects(
        record.append(block(1n), passes),
        failsWith({ ...refusal, finding: 'empty' })
      )
    })
  })

  it('gives back heights, hashes and messages', async () => {
    await writeRecord(recordPath(), 5n)
    await withRecord(recordPath(), (record) => {
      assert.deepEqual(record.tip, ref(5n))
      assert.equal(record.hashAt(0n), hashOf(0n))
      assert.equal(record.hashAt(5n), hashOf(5n))
      assert.equal(record.hashAt(6n), undefined)
      assert.deepEqual(record.messageAt(3n), block(3n))
      assert.equal(record.messageAt(0n), undefined, 'an adopted block has no message')
      assert.equal(record.messageAt(6n), undefined)
      assert.deepEqual([...record.blocksAbove(3n)], [block(4n), block(5n)])
      assert.deepEqual([...record.blocksAbove(5n)], [])
    })
  })

  it('keeps heights apart where an adopted head left a hole', async () => {
    await writeRecord(recordPath(), 2n)
    await withRecord(recordPath(), async (record) => {
      await record.adopt(ref(10n))
      await record.append(block(11n), passes)
      await record.append(block(13n), passes)
    })
    await withRecord(recordPath(), (record) => {
      const held = [0n, 1n, 2n, 3n, 9n, 10n, 11n, 12n, 13n].filter((n) => record.hashAt(n))
      assert.deepEqual(held, [0n, 1n, 2n, 10n, 11n, 13n])
      assert.deepEqual([...record.blocksAbove(1n)], [block(2n), block(11n), block(13n)])
    })
  })

  for (const [name, number, branch, signedHash] of [
    ['another block at the last height', 3n, 1, hashOf(3n)],
    ['another block below', 2n, 1, hashOf(2n)],
    ['a block at the adopted height', 0n, 1, hashOf(0n)]
  ] as const) {
    it(`refuses ${name}, naming both hashes`, async () => {
      await writeRecord(recordPath(), 3n)
      await withRecord(recordPath(), async (record) => {
        const refusal: SignerFailure = {
          code: 'height-already-signed',
          number,
          hash: hashOf(number, branch),
          signedHash,
          lastNumber: 3n,
          lastHash: hashOf(3n)
        }
        const before = await readFile(recordPath())
        await assert.rejects(record.append(block(number, { branch }), passes), failsWith(refusal))
        await assert.rejects(record.adopt(ref(number, branch)), failsWith(refusal))
        assert.deepEqual(await readFile(recordPath()), before)
        await record.append(block(4n), passes)
      })
    })
  }

  it('refuses a height it passed over, and the adopted block itself', async () => {
    await withRecord(recordPath(), async (record) => {
      await record.adopt(ref(9n))
      const skipped = record.append(block(5n), passes)
      await assert.rejects(skipped, failsWith('height-already-signed'))
      await assert.rejects(record.append(block(9n), passes), failsWith('height-already-signed'))
    })
  })

  it('returns the earlier message for a block that it holds', async () => {
    await writeRecord(recordPath(), 3n)
    await withRecord(recordPath(), async (record) => {
      const again = { ...block(2n), message: new Uint8Array(24) }
      assert.deepEqual(await record.append(again, passes), block(2n).message)
      assert.deepEqual(record.tip, ref(3n))
    })
  })

  it('writes nothing when the check before the write throws', async () => {
    await writeRecord(recordPath(), 1n)
    await withRecord(recordPath(), async (record) => {
      const shut = () => {
        throw new Error('the gate is shut')
      }
      const before = await readFile(recordPath())
      await assert.rejects(record.append(block(2n), shut), /the gate is shut/)
      await assert.rejects(record.append(block(1n), shut), /the gate is shut/)
      assert.deepEqual(await readFile(recordPath()), before)
      await record.append(block(2n, { branch: 1 }), passes)
      assert.equal(record.hashAt(2n), hashOf(2n, 1))
    })
  })

  it('takes appends one after the other, and lets one of two at a height through', async () => {
    await writeRecord(recordPath(), 0n)
    await withRecord(recordPath(), async (record) => {
      const results = await Promise.allSettled([
        record.append(block(1n), passes),
        record.append(block(1n, { branch: 1 }), passes),
        record.append(block(2n), passes)
      ])
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled']
      )
    })
  })

  it('writes nothing for a head that is its tip', async () => {
    await writeRecord(recordPath(), 3n)
    const before = await readFile(recordPath())
    await withRecord(recordPath(), (record) => record.adopt(ref(3n)))
    assert.deepEqual(await readFile(recordPath()), before)
  })

  for (const [name, changed, reason] of [
    ['chain', { chainId: 902n }, /of chain id 901, this node of 902/],
    ['genesis', { genesisHash: `0x${'0b'.repeat(32)}` }, /of genesis 0x0a.*, this node of 0x0b/],
    ['key', { signer: `0x${'5f'.repeat(20)}` }, /of the signer 0x5e.*, this node's key .* 0x5f/]
  ] as const) {
    it(`of another ${name} cannot be read, nor written`, async () => {
      await writeRecord(recordPath(), 2n)
      const before = await readFile(recordPath())
      const binding: RecordBinding = { ...BINDING, ...changed }
      const record = await openSignedRecord(recordPath(), binding)
      const finding = record.finding()
      assert.equal(finding.kind, 'unreadable')
      assert.match(finding.reason, reason)
      assert.equal(record.tip, undefined)
      assert.equal(record.hashAt(1n), undefined)
      await assert.rejects(record.append(block(3n), passes), failsWith('record-unreadable'))
      await assert.rejects(record.adopt(ref(3n)), failsWith('record-unreadable'))
      await record.close()
      assert.deepEqual(await readFile(recordPath()), before)
    })
  }

  it('that is a directory, or may not be read, cannot be read', async () => {
    await mkdir(recordPath())
    await withRecord(recordPath(), (record) => {
      assert.equal(record.finding().kind, 'unreadable')
    })
    const path = join(directory.path, 'other')
    await writeRecord(path, 1n)
    await chmod(path, 0o000)
    await withRecord(path, (record) => {
      // The superuser may read everything.
      const isSuperuser = process.getuid?.() === 0
      assert.equal(record.finding().kind, isSuperuser ? 'good' : 'unreadable')
    })
  })

  it('takes nothing once its file was moved away, or written by another', async () => {
    await writeRecord(recordPath(), 1n)
    const record = await openRecord(recordPath())
    await rename(recordPath(), `${recordPath()}.old`)
    await assert.rejects(record.append(block(2n), passes), failsWith('record-broken'))
    await rename(`${recordPath()}.old`, recordPath())
    await assert.rejects(record.append(block(2n), passes), failsWith('record-broken'))
    await record.close()
    await withRecord(recordPath(), async (reopened) => {
      await writeFile(recordPath(), 'x', { flag: 'a' })
      await assert.rejects(reopened.append(block(2n), passes), failsWith('record-broken'))
    })
  })

  it('says what it holds without the key or the lock', async () => {
    const path = recordPath()
    assert.deepEqual(await summarizeRecord(path), {
      path,
      finding: { kind: 'missing' },
      content: undefined
    })
    await writeRecord(path, 4n)
    const { size } = await stat(path)
    assert.deepEqual(await summarizeRecord(path), {
      path,
      finding: { kind: 'good', tip: ref(4n) },
      content: {
        ...BINDING,
        fileBytes: size,
        firstNumber: 0n,
        heightsCount: 5,
        entriesCount: 5,
        firstEntryNumber: 0n,
        setAside: []
      }
    })
    await writeFile(path, 'damaged')
    const { finding, content } = await summarizeRecord(path)
    assert.equal(finding.kind, 'unreadable')
    assert.equal(content, undefined)
  })
})

describe('signed record, heights released', () => {
  const directory = useTemporaryDirectory()
  const recordPath = () => join(directory.path, 'signed-record')

  it('are free again, and what stood there is set aside, also after it was opened again', async () => {
    await writeRecord(recordPath(), 5n)
    await withRecord(recordPath(), async (record) => {
      await record.release(3n, hashOf(5n))
      assert.deepEqual(record.tip, ref(3n))
      await record.append(block(4n, { branch: 1 }), passes)
    })
    await withRecord(recordPath(), (record) => {
      assert.deepEqual(record.finding(), { kind: 'good', tip: ref(4n, 1) })
      assert.equal(record.hashAt(5n), undefined)
      assert.deepEqual([...record.blocksAbove(2n)], [block(3n), block(4n, { branch: 1 })])
      assert.ok(record.isSetAside(hashOf(4n)) && record.isSetAside(hashOf(5n)))
      assert.ok(!record.isSetAside(hashOf(3n)) && !record.isSetAside(hashOf(4n, 1)))
    })
  })

  it('down to the last height leave an empty record', async () => {
    await withRecord(recordPath(), async (record) => {
      await record.adopt(ref(4n))
      await record.append(block(5n), passes)
      await record.release(3n, hashOf(5n))
    })
    await withRecord(recordPath(), async (record) => {
      assert.deepEqual(record.finding(), { kind: 'empty' })
      await record.adopt(ref(2n))
      assert.deepEqual(record.tip, ref(2n))
    })
  })

  it('take the block that is signed again out of what is set aside', async () => {
    await writeRecord(recordPath(), 2n)
    await withRecord(recordPath(), async (record) => {
      await record.release(1n, hashOf(2n))
      await record.append(block(2n), passes)
      assert.ok(!record.isSetAside(hashOf(2n)))
    })
  })

  for (const [reason, above, confirm] of [
    ['nothing-above', 5n, hashOf(5n)],
    ['nothing-above', 9n, hashOf(5n)],
    ['not-the-last', 3n, hashOf(4n)]
  ] as const) {
    it(`are refused: ${reason} of ${above}`, async () => {
      await writeRecord(recordPath(), 5n)
      await withRecord(recordPath(), async (record) => {
        const before = await readFile(recordPath())
        const refusal = { code: 'release-refused', above, reason } as const
        await assert.rejects(record.release(above, confirm), failsWith(refusal))
        assert.deepEqual(await readFile(recordPath()), before)
      })
    })
  }
})
