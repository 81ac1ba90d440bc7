// The signing key's file: what is read, what is refused and why, what is written.
import assert from 'node:assert/strict'
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hexToBytes } from '../../../src/base/bytes.ts'
import { recoverAddress } from '../../../src/base/secp256k1.ts'
import { createSigningKey, readSigningKey } from '../../../src/signer/key-file.ts'
import { type SignerFailure } from '../../../src/signer/signer-error.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'
import { failsWith } from './record-fixture.ts'

/** The first account of the well-known test mnemonic. */
const DIGITS = 'ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'
const ADDRESS = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266'
const GROUP_ORDER = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141'

describe('signing key file', () => {
  const directory = useTemporaryDirectory()
  const keyPath = () => join(directory.path, 'sequencer.key')

  for (const [name, text] of [
    ['64 digits', DIGITS],
    ['a line', `${DIGITS}\n`],
    ['a line of another system', `${DIGITS}\r\n`],
    ['upper case', DIGITS.toUpperCase()],
    ['a prefix', `0x${DIGITS}`]
  ] as const) {
    it(`is read from ${name}`, async () => {
      await writeFile(keyPath(), text, { mode: 0o600 })
      const key = await readSigningKey(keyPath())
      assert.equal(key.address, ADDRESS)
      const digest = new Uint8Array(32).fill(3)
      assert.equal(recoverAddress(digest, await key.signDigest(digest)), ADDRESS)
    })
  }

  for (const [name, text] of [
    ['nothing', ''],
    ['63 digits', DIGITS.slice(1)],
    ['65 digits', `${DIGITS}0`],
    ['a letter that is no digit', `g${DIGITS.slice(1)}`],
    ['two lines', `${DIGITS}\n${DIGITS}\n`],
    ['32 raw bytes', Buffer.from(DIGITS, 'hex')],
    ['a text of a key of another kind', '-----BEGIN EC PRIVATE KEY-----\n'],
    ['far too much', DIGITS.repeat(1000)],
    ['zero', '0'.repeat(64)],
    ['the order of the group', GROUP_ORDER],
    ['more than the order', 'f'.repeat(64)]
  ] as const) {
    it(`is malformed with ${name}, which no error quotes`, async () => {
      await writeFile(keyPath(), text, { mode: 0o600 })
      await assert.rejects(readSigningKey(keyPath()), (thrown: Error) => {
        failsWith('key-malformed')(thrown)
        assert.ok(text.length < 16 || !thrown.message.includes(String(text).slice(0, 16)))
        return true
      })
    })
  }

  it('is missing, or no file', async () => {
    const path = keyPath()
    await assert.rejects(readSigningKey(path), failsWith({ code: 'key-missing', path }))
    await mkdir(path, { mode: 0o700 })
    await assert.rejects(readSigningKey(path), failsWith('key-unreadable'))
    const below = join(path, 'x', 'y')
    await assert.rejects(readSigningKey(below), failsWith('key-missing'))
  })

  for (const mode of [0o600, 0o400, 0o440, 0o640]) {
    it(`may have mode ${mode.toString(8)}`, async () => {
      await writeFile(keyPath(), DIGITS)
      await chmod(keyPath(), mode)
      assert.equal((await readSigningKey(keyPath())).address, ADDRESS)
    })
  }

  for (const [mode, digits] of [
    [0o644, '644'],
    [0o604, '604'],
    [0o602, '602'],
    [0o620, '620'],
    [0o777, '777']
  ] as const) {
    it(`is refused with mode ${digits}`, async () => {
      await writeFile(keyPath(), DIGITS)
      await chmod(keyPath(), mode)
      const refusal: SignerFailure = { code: 'key-permissions', path: keyPath(), mode: digits }
      await assert.rejects(readSigningKey(keyPath()), failsWith(refusal))
    })
  }

  it('is written for its owner alone, and read back', async () => {
    const key = await createSigningKey(keyPath())
    assert.equal((await stat(keyPath())).mode & 0o777, 0o600)
    assert.match(await readFile(keyPath(), 'utf8'), /^[0-9a-f]{64}\n$/)
    assert.equal((await readSigningKey(keyPath())).address, key.address)
    assert.notEqual((await createSigningKey(`${keyPath()}2`)).address, key.address)
  })

  it('is never overwritten', async () => {
    await writeFile(keyPath(), 'precious')
    const refusal = { code: 'key-exists', path: keyPath() } as const
    await assert.rejects(createSigningKey(keyPath()), failsWith(refusal))
    assert.equal(await readFile(keyPath(), 'utf8'), 'precious')
  })

  it('is not written where nothing can be', async () => {
    const path = join(directory.path, 'missing', 'sequencer.key')
    await assert.rejects(createSigningKey(path), failsWith('key-unwritable'))
  })

  it('is the key it was given', async () => {
    const randomKey = () => hexToBytes(`0x${DIGITS}`)
    assert.equal((await createSigningKey(keyPath(), { randomKey })).address, ADDRESS)
  })
})
