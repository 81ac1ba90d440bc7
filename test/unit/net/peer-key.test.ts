// The key behind a peer id: made once, read again, refused when it is none.
import assert from 'node:assert/strict'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createPeerKey, generatePeerKey, readPeerKey } from '../../../src/net/peer-key.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

describe('a peer key', () => {
  const directory = useTemporaryDirectory()
  const path = () => join(directory.path, 'peer.key')

  it('is written for its owner alone and read as the same peer', async () => {
    const made = await createPeerKey(path())
    assert.match(made.peerId, /^16Uiu2/)
    assert.match(await readFile(path(), 'utf8'), /^[0-9a-f]{64}\n$/)
    if (process.platform !== 'win32') assert.equal((await stat(path())).mode & 0o777, 0o600)
    assert.equal((await readPeerKey(path())).peerId, made.peerId)
  })

  it('is that of the identity that others know: the key 1', async () => {
    await writeFile(path(), `0x${'00'.repeat(31)}01\n`)
    // The compressed generator of secp256k1 as a libp2p peer id (identity multihash, base58btc).
    assert.equal(
      (await readPeerKey(path())).peerId,
      '16Uiu2HAm3cuhhRL2msUuLF62KRSfneFDx94RsuouyW25Ho42cFMq'
    )
  })

  it('is different each time', async () => {
    assert.notEqual((await generatePeerKey()).peerId, (await generatePeerKey()).peerId)
  })

  it('is never written over', async () => {
    await createPeerKey(path())
    await assert.rejects(createPeerKey(path()), { code: 'EEXIST' })
  })

  const bad: readonly [string, string, RegExp][] = [
    ['is empty', '', /64 hex digits/],
    ['is short', 'ab'.repeat(31), /64 hex digits/],
    ['is no hex', 'zz'.repeat(32), /64 hex digits/],
    ['is zero', '00'.repeat(32), /no key of secp256k1/],
    ['is longer than any key', 'ab'.repeat(500), /64 hex digits/]
  ]
  for (const [what, text, message] of bad) {
    it(`is refused when it ${what}`, async () => {
      await writeFile(path(), text)
      await assert.rejects(readPeerKey(path()), message)
    })
  }

  it('is refused when there is no file, or a directory', async () => {
    await assert.rejects(readPeerKey(path()), /no such file; rekindle init/)
    await mkdir(path())
    await assert.rejects(readPeerKey(path()), /not a file/)
  })
})
