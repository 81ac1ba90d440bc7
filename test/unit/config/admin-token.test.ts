// The file of the admin token: made once, for its owner alone, and read only when it is safe.
import assert from 'node:assert/strict'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createAdminToken, readAdminToken } from '../../../src/config/admin-token.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'
import { modeOf } from '../cli/command-fixture.ts'

const WORD = 'x'.repeat(32)

describe('the admin token', () => {
  const directory = useTemporaryDirectory()
  const path = () => join(directory.path, 'admin.token')

  async function write(text: string, mode = 0o600) {
    await writeFile(path(), text)
    await chmod(path(), mode)
  }

  it('is 64 hex digits in a new file of mode 600, another each time', async () => {
    await createAdminToken(path())
    assert.equal(await modeOf(path()), 0o600)
    const token = await readAdminToken(path())
    assert.match(token, /^[0-9a-f]{64}$/)
    assert.equal(await readFile(path(), 'utf8'), `${token}\n`)
    const other = join(directory.path, 'other.token')
    await createAdminToken(other)
    assert.notEqual(await readAdminToken(other), token)
  })

  it('is written over nothing', async () => {
    await write('precious')
    await assert.rejects(createAdminToken(path()), { code: 'EEXIST' })
    assert.equal(await readFile(path(), 'utf8'), 'precious')
  })

  for (const text of [WORD, `${WORD}\n`, `${WORD}\r\n`, `~!${WORD}`, 'y'.repeat(512)]) {
    it(`may be ${JSON.stringify(text).slice(0, 40)} of ${text.length}`, async () => {
      await write(text)
      assert.equal(await readAdminToken(path()), text.trimEnd())
    })
  }

  for (const text of ['', '\n', 'x'.repeat(31), 'x'.repeat(513), `${WORD} ${WORD}`, `é${WORD}`]) {
    it(`may not be ${JSON.stringify(text).slice(0, 40)} of ${text.length}`, async () => {
      await write(text)
      await assert.rejects(readAdminToken(path()), (thrown: Error) => {
        assert.match(thrown.message, /one word/)
        return text === '' || text === '\n' || !thrown.message.includes(text)
      })
    })
  }

  it('is read at mode 640 too, where a group is handed it', async () => {
    await write(WORD, 0o640)
    assert.equal(await readAdminToken(path()), WORD)
  })

  for (const mode of [0o644, 0o604, 0o620, 0o666, 0o601]) {
    it(`is refused at mode ${mode.toString(8)}`, async () => {
      await write(WORD, mode)
      await assert.rejects(readAdminToken(path()), { message: /its mode is .* make it 600/ })
    })
  }

  it('is no directory, and has to be there', async () => {
    await assert.rejects(readAdminToken(path()), { code: 'ENOENT' })
    await mkdir(path())
    await assert.rejects(readAdminToken(path()), { message: 'it is not a file' })
  })
})
