// The disk fails, or the process dies, at each single step of a record's life.
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Hex } from '../../../src/base/bytes.ts'
import { type SignedRecord } from '../../../src/signer/signed-record.ts'
import { SignerError } from '../../../src/signer/signer-error.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'
import {
  block,
  createFaultyDisk,
  type DiskStep,
  hashOf,
  passes,
  ref,
  withRecord
} from './record-fixture.ts'

const LAST = 12n
const OPTIONS = { keptBlocks: 2, rewriteMinBytes: 1 }

function diskFull(): Error {
  return Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
}

/** Runs each step of a record's life once, and once more when it fails; tells what was promised. */
async function liveThrough(record: SignedRecord): Promise<{ promised: Map<bigint, Hex> }> {
  const promised = new Map<bigint, Hex>()
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work()
    } catch (thrown) {
      assert.ok(thrown instanceof SignerError, String(thrown))
      await work().catch((again: unknown) => assert.ok(again instanceof SignerError, String(again)))
    }
  }
  await attempt(async () => {
    await record.adopt(ref(0n))
    promised.set(0n, hashOf(0n))
  })
  for (let number = 1n; number <= LAST; number++) {
    await attempt(async () => {
      await record.append(block(number), passes)
      promised.set(number, hashOf(number))
    })
    await attempt(() => record.prune({ persisted: number, replicated: number }))
  }
  return { promised }
}

describe('signed record, on a disk that fails', () => {
  const directory = useTemporaryDirectory()

  /** Lives through everything on a disk that fails where told, then looks with a good one. */
  async function check(name: string, fails: (index: number, step: DiskStep) => boolean) {
    const path = join(directory.path, name)
    let stepsCount = 0
    const disk = createFaultyDisk((step) => (fails(stepsCount++, step) ? diskFull() : undefined))
    const promised = await withRecord(
      path,
      async (record) => (await liveThrough(record)).promised,
      { ...OPTIONS, disk }
    )
    await withRecord(path, (record) => {
      const finding = record.finding()
      assert.notEqual(finding.kind, 'unreadable', `${name}: ${JSON.stringify(finding, String)}`)
      for (const [number, hash] of promised) assert.equal(record.hashAt(number), hash, name)
      const tip = record.tip?.number ?? -1n
      const highest = [...promised.keys()].at(-1) ?? -1n
      assert.ok(tip >= highest, `${name}: tip ${tip} below ${highest}`)
      for (const { number, message } of record.blocksAbove(0n)) {
        assert.deepEqual(message, block(number).message, name)
      }
    })
    return { stepsCount, promisedCount: promised.size }
  }

  it('keeps every promise, and goes on, after any single step failed', async () => {
    const renames = new Set<number>()
    const { stepsCount } = await check('none', (index, step) => {
      if (step === 'rename') renames.add(index)
      return false
    })
    assert.ok(renames.size >= 3, 'it was created, and rewritten more than once')
    for (let at = 0; at < stepsCount; at++) await check(`at-${at}`, (index) => index === at)
  })

  it('keeps every promise when the process dies at any step', async () => {
    const { stepsCount } = await check('none', () => false)
    for (let at = 0; at < stepsCount; at++) await check(`from-${at}`, (index) => index >= at)
  })

  it('keeps every promise when what failed cannot be cut off', async () => {
    const { stepsCount } = await check('none', () => false)
    for (let at = 0; at < stepsCount; at++) {
      await check(`cut-${at}`, (index, step) => index === at || step === 'truncate')
    }
  })

  it('says that the disk is full, and goes on once it is not', async () => {
    const path = join(directory.path, 'signed-record')
    let isFull = false
    const disk = createFaultyDisk((step) => (isFull && step === 'write' ? diskFull() : undefined))
    await withRecord(
      path,
      async (record) => {
        await record.adopt(ref(0n))
        isFull = true
        await assert.rejects(record.append(block(1n), passes), (thrown) => {
          assert.ok(thrown instanceof SignerError)
          const reason = 'ENOSPC: no space left on device'
          assert.deepEqual(thrown.failure, { code: 'record-write-failed', path, reason })
          assert.equal((thrown.cause as { code?: string }).code, 'ENOSPC')
          return true
        })
        assert.deepEqual(record.tip, ref(0n))
        isFull = false
        await record.append(block(1n, { branch: 1 }), passes)
      },
      { disk }
    )
    await withRecord(path, (record) => assert.deepEqual(record.tip, ref(1n, 1)))
  })

  it('leaves no file behind but itself', async () => {
    const { stepsCount } = await check('none', () => false)
    for (let at = 0; at < stepsCount; at += 7) await check(`from-${at}`, (index) => index >= at)
    const names = await readdir(directory.path)
    assert.deepEqual(
      names.filter((name) => name.endsWith('.rewrite')),
      []
    )
  })
})
