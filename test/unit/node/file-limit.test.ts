// How many files and sockets a node may open, shared out: what is left for whom, and from which limit it starts at all.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  assertFilesToLoad,
  fileBudget,
  FileLimitError,
  readFileLimit
} from '../../../src/node/file-limit.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

/** For what is not shared out. */
const RESERVED_MIN = 90
const MAPPED = 1_000
const CONFIGURED = 4

const isTooLow = (needed: number) => (thrown: unknown) =>
  thrown instanceof FileLimitError && thrown.failure.needed === needed

describe('the limit of open files', () => {
  const directory = useTemporaryDirectory()

  it('is shared out so that all together stay below it', () => {
    for (let limit = 148; limit < 5_000; limit += 37) {
      const { storeFilesMax, isShort, ...connections } = fileBudget(limit, CONFIGURED)
      const ofConfigured = 4 * CONFIGURED
      const sockets = Object.values(connections).reduce((sum, count) => sum + count, ofConfigured)
      const unmapped = Math.max(0, 2 * storeFilesMax - MAPPED)
      assert.ok(sockets + unmapped + RESERVED_MIN <= limit, String(limit))
      assert.ok(
        Object.values(connections).every((count) => count > 0),
        String(limit)
      )
      assert.equal(isShort, limit < 564, String(limit))
    }
  })

  it('suffices from 132 on, and takes four more for each configured peer', () => {
    assertFilesToLoad(132)
    assert.throws(() => {
      assertFilesToLoad(131)
    }, isTooLow(132))
    for (const configuredCount of [0, 1, 30]) {
      const needed = 132 + 4 * configuredCount
      assert.ok(fileBudget(needed, configuredCount).isShort)
      assert.throws(() => fileBudget(needed - 1, configuredCount), isTooLow(needed))
    }
  })

  it('leaves a node all it has otherwise from 1,024 on, and where it is not known', () => {
    for (const limit of [1_024, 20_000, undefined]) {
      const { strangersMax, rpcConnectionsMax, isShort } = fileBudget(limit, 8)
      assert.deepEqual([strangersMax, rpcConnectionsMax, isShort], [100, 256, false])
    }
    assert.equal(fileBudget(20_000, 8).storeFilesMax, 1_000)
  })

  it('is refused when configured peers would not fit in, with what is needed and how to raise it', () => {
    for (const [limit, configuredCount] of [
      [64, 0],
      [256, 100]
    ] as const) {
      assert.throws(
        () => fileBudget(limit, configuredCount),
        (thrown: unknown) => {
          assert.ok(thrown instanceof FileLimitError)
          const { failure } = thrown
          assert.equal(failure.limit, limit)
          assert.ok(failure.needed > limit)
          assert.match(failure.raise, /ulimit -n/)
          return true
        }
      )
    }
    assert.ok(fileBudget(256, 4).strangersMax >= 16)
  })

  for (const [what, text, limit] of [
    ['a number', 'Max open files            64                   4096                 files', 64],
    [
      'no limit',
      'Max open files            unlimited            unlimited            files',
      undefined
    ],
    ['something else', 'Max processes             64                   64', undefined]
  ] as const) {
    it(`is read from the system: ${what}`, async () => {
      const path = join(directory.path, 'limits')
      await writeFile(path, `Limit                     Soft Limit           Hard Limit\n${text}\n`)
      assert.equal(await readFileLimit(path), limit)
      assert.equal(await readFileLimit(join(directory.path, 'none')), undefined)
    })
  }
})
