// Temporary directories: one for each test, empty, and gone afterwards.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type TemporaryDirectory,
  useTemporaryDirectory
} from '../../support/temporary-directory.ts'

describe('a temporary directory', () => {
  const seen: string[] = []
  let outside: TemporaryDirectory | undefined

  describe('within its tests', () => {
    const directory = useTemporaryDirectory()
    outside = directory

    for (const round of ['first', 'second']) {
      it(`is new and empty in the ${round}`, () => {
        assert.deepEqual(readdirSync(directory.path), [])
        writeFileSync(join(directory.path, 'left-behind'), round)
        assert.equal(seen.includes(directory.path), false)
        seen.push(directory.path)
      })
    }
  })

  describe('after them', () => {
    it('is gone', () => {
      assert.equal(seen.length, 2)
      assert.deepEqual(
        seen.filter((path) => existsSync(path)),
        []
      )
      assert.throws(() => outside?.path, /no test runs/)
    })
  })
})
