// Directories that are made with all above them, or not, with the system's word for it.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeDirectory } from '../../../src/base/make-directory.ts'
import { skipTest } from '../../support/skip.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

describe('a directory that is made', () => {
  const temporary = useTemporaryDirectory()

  it('comes with all above it; the first that was made is told', async () => {
    const path = join(temporary.path, 'a', 'b', 'c')
    assert.equal(await makeDirectory(path, 0o700), join(temporary.path, 'a'))
    assert.equal((await stat(path)).isDirectory(), true)
    assert.equal((await stat(join(temporary.path, 'a'))).mode & 0o777, 0o700)
    assert.equal(await makeDirectory(path), undefined)
    assert.equal(await makeDirectory(join(path, 'd')), join(path, 'd'))
  })

  it('is refused where a file is, or above it', async () => {
    const file = join(temporary.path, 'file')
    await writeFile(file, 'text')
    await assert.rejects(makeDirectory(file), { code: 'EEXIST' })
    await assert.rejects(makeDirectory(join(file, 'below', 'it')), { code: 'ENOTDIR' })
    await assert.rejects(makeDirectory(join(temporary.path, 'x'.repeat(300), 'y')), {
      code: 'ENAMETOOLONG'
    })
  })

  it('is refused, and not tried for ever, where the system has no room for one', async function () {
    if (!existsSync('/proc/self')) skipTest(this, 'no /proc here')
    await assert.rejects(makeDirectory('/proc/rekindle/below'), { code: 'ENOENT' })
  })
})
