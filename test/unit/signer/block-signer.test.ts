// Signing: on record first, one block a height, nothing out of here that is not ours.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { signatureOf, signedPart, signingHash } from '../../../protocols/block-message/codec.ts'
import { hexToBytes } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { recoverAddress } from '../../../src/base/secp256k1.ts'
import { createBlockSigner, type UnsignedBlock } from '../../../src/signer/block-signer.ts'
import { createSigningKey, signingKey, type SigningKey } from '../../../src/signer/key-file.ts'
import { openSigner } from '../../../src/signer/open-signer.ts'
import { type SignedRecord } from '../../../src/signer/signed-record.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'
import { block, failsWith, hashOf, openRecord, passes, ref } from './record-fixture.ts'

const KEY = signingKey(new Uint8Array(32).fill(0x11))
const OTHER_KEY = signingKey(new Uint8Array(32).fill(0x22))
const CHAIN = { chainId: 901n }

function unsigned(number: bigint, branch = 0): UnsignedBlock {
  const signed = new TextEncoder().encode(`block ${number} of branch ${branch}`)
  return { ...ref(number, branch), version: 3, signed }
}

/** A key that waits until it is told to sign. */
function createSlowKey(): { key: SigningKey; proceed: () => void } {
  let proceed: () => void = passes
  const waiting = new Promise<void>((resolve) => {
    proceed = resolve
  })
  const key: SigningKey = {
    address: KEY.address,
    async signDigest(digest) {
      await waiting
      return KEY.signDigest(digest)
    }
  }
  return { key, proceed }
}

for (const recordIs of ['on', 'off'] as const) {
  describe(`block signer, record ${recordIs}`, () => {
    const directory = useTemporaryDirectory()
    let record: SignedRecord | undefined
    beforeEach(async () => {
      if (recordIs === 'off') return
      record = await openRecord(join(directory.path, 'signed-record'))
      await record.adopt(ref(0n))
    })
    afterEach(async () => {
      await record?.close()
      record = undefined
    })
    const createSigner = (key: SigningKey = KEY) => createBlockSigner({ key, record }, CHAIN)

    it('signs what others verify', async () => {
      const message = await createSigner().sign(unsigned(1n), passes)
      assert.deepEqual(signedPart(message), unsigned(1n).signed)
      const signature = signatureOf(message)
      const digest = signingHash(keccak256, CHAIN.chainId, signedPart(message))
      const compact = signature.subarray(0, 64)
      const signer = recoverAddress(digest, { compact, recovery: signature[64]! })
      assert.equal(signer, KEY.address)
    })

    it('refuses another block at a height, and any below', async () => {
      const signer = createSigner()
      await signer.sign(unsigned(1n), passes)
      await signer.sign(unsigned(2n), passes)
      await assert.rejects(
        signer.sign(unsigned(2n, 1), passes),
        failsWith({
          code: 'height-already-signed',
          number: 2n,
          hash: hashOf(2n, 1),
          signedHash: hashOf(2n),
          lastNumber: 2n,
          lastHash: hashOf(2n)
        })
      )
      const below = signer.sign(unsigned(1n, 1), passes)
      await assert.rejects(below, failsWith('height-already-signed'))
      await signer.sign(unsigned(3n), passes)
    })

    it('gives the same message for the same block', async () => {
      const signer = createSigner()
      const message = await signer.sign(unsigned(1n), passes)
      assert.deepEqual(await signer.sign(unsigned(1n), passes), message)
    })

    it('checks once more after the signature, and forgets a block that did not pass', async () => {
      const { key, proceed } = createSlowKey()
      const signer = createSigner(key)
      let isShut = false
      const signing = signer.sign(unsigned(1n), () => {
        if (isShut) throw new Error('the gate is shut')
      })
      isShut = true
      proceed()
      await assert.rejects(signing, /the gate is shut/)
      await signer.sign(unsigned(1n, 1), passes)
    })

    it('lets one of two at a height through when both come at once', async () => {
      const signer = createSigner()
      const results = await Promise.allSettled([
        signer.sign(unsigned(1n), passes),
        signer.sign(unsigned(1n, 1), passes)
      ])
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected']
      )
    })

    it('takes the second of two at a height when the first did not pass', async () => {
      const signer = createSigner()
      const results = await Promise.allSettled([
        signer.sign(unsigned(1n), () => {
          throw new Error('the parent changed')
        }),
        signer.sign(unsigned(1n, 1), passes)
      ])
      assert.deepEqual(
        results.map(({ status }) => status),
        ['rejected', 'fulfilled']
      )
    })

    it('lets no signature out that is not of its key, and does not record it', async () => {
      const wrong: SigningKey = { address: KEY.address, signDigest: OTHER_KEY.signDigest }
      const { address: expected } = KEY
      const { address: got } = OTHER_KEY
      await assert.rejects(
        createSigner(wrong).sign(unsigned(1n), passes),
        failsWith({ code: 'signature-not-ours', expected, got })
      )
      await createSigner().sign(unsigned(1n, 1), passes)
    })
  })
}

describe('block signer', () => {
  const directory = useTemporaryDirectory()

  it('has the block on record before the signature is out', async () => {
    const path = join(directory.path, 'signed-record')
    const record = await openRecord(path)
    await record.adopt(ref(0n))
    const message = await createBlockSigner({ key: KEY, record }, CHAIN).sign(unsigned(1n), passes)
    assert.ok((await readFile(path)).includes(Buffer.from(message)))
    assert.deepEqual(record.messageAt(1n), { ...ref(1n), version: 3, message })
    await record.close()
  })

  it('lets no signature out when the record does not take it', async () => {
    const record = {
      append: () => Promise.reject(new Error('ENOSPC: no space left on device'))
    }
    const signing = createBlockSigner({ key: KEY, record }, CHAIN).sign(unsigned(1n), passes)
    await assert.rejects(signing, /ENOSPC/)
  })

  it('refuses after a restart what the last process signed', async () => {
    const path = join(directory.path, 'signed-record')
    for (const branch of [0, 1]) {
      const record = await openRecord(path)
      if (branch === 0) await record.adopt(ref(0n))
      const signing = createBlockSigner({ key: KEY, record }, CHAIN).sign(
        unsigned(1n, branch),
        passes
      )
      if (branch === 0) await signing
      else await assert.rejects(signing, failsWith('height-already-signed'))
      await record.close()
    }
  })
})

describe('signer, opened', () => {
  const directory = useTemporaryDirectory()
  const files = () => ({
    keyFile: join(directory.path, 'sequencer.key'),
    recordFile: join(directory.path, 'signed-record')
  })
  const chain = { chainId: 901n, genesisHash: hashOf(0n) }

  it('holds key and record for itself, until it is closed', async () => {
    const { address } = await createSigningKey(files().keyFile)
    const first = await openSigner(files(), chain)
    assert.equal(first.key.address, address)
    await first.record?.adopt(ref(0n))
    await assert.rejects(openSigner(files(), chain), failsWith('signer-locked'))
    const withoutRecord = { ...files(), recordFile: undefined }
    await assert.rejects(openSigner(withoutRecord, chain), failsWith('signer-locked'))
    await first.close()
    const second = await openSigner(files(), chain)
    assert.deepEqual(second.record?.tip, ref(0n))
    await second.close()
    const off = await openSigner(withoutRecord, chain)
    assert.equal(off.record, undefined)
    await off.close()
  })

  it('locks nothing when it fails', async () => {
    await assert.rejects(openSigner(files(), chain), failsWith('key-missing'))
    await createSigningKey(files().keyFile)
    const opened = await openSigner(files(), chain)
    await opened.record?.adopt(ref(0n))
    await opened.record?.append(block(1n), passes)
    await opened.close()
  })

  it('does not take the record of another key', async () => {
    await createSigningKey(files().keyFile)
    const first = await openSigner(files(), chain)
    await first.record?.adopt(ref(0n))
    await first.close()
    const otherKey = join(directory.path, 'other.key')
    await createSigningKey(otherKey, { randomKey: () => hexToBytes(`0x${'33'.repeat(32)}`) })
    const second = await openSigner({ ...files(), keyFile: otherKey }, chain)
    assert.equal(second.record?.finding().kind, 'unreadable')
    await second.close()
  })
})
