// Signatures: known answers, and both implementations giving the same bytes.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { bigintToBytes, bytesToHex, hexToBytes } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import {
  privateKeyToAddress,
  recoverAddress,
  recoverPublicKey,
  Secp256k1Error,
  signDigest
} from '../../../src/base/secp256k1.ts'
import { createNobleCurve, loadNativeCurve } from '../../../src/base/secp256k1-curve.ts'
import { skipTest } from '../../support/skip.ts'

const GROUP_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const noble = createNobleCurve()
const native = loadNativeCurve()

const privateKeys = fc
  .bigInt({ min: 1n, max: GROUP_ORDER - 1n })
  .map((value) => bigintToBytes(value, 32))
const digests = fc.uint8Array({ minLength: 32, maxLength: 32 })

function failureCode(run: () => unknown): string {
  try {
    run()
  } catch (thrown) {
    if (thrown instanceof Secp256k1Error) return thrown.failure.code
    throw thrown
  }
  return 'none'
}

describe('secp256k1', () => {
  // The first accounts of the mnemonic "test test … junk", which every Ethereum tool prints.
  for (const [key, address] of [
    [
      '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
      '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266'
    ],
    [
      '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
      '0x70997970c51812dc3a010c7d01b50e0d17dc79c8'
    ]
  ] as const) {
    it(`gives ${address} for its key`, () => {
      assert.equal(privateKeyToAddress(hexToBytes(key)), address)
    })
  }

  it('signs with the nonce of RFC 6979', () => {
    // Key 1 and SHA-256("Satoshi Nakamoto"): the vector that Bitcoin libraries share.
    const digest = hexToBytes('0xa0dc65ffca799873cbea0ac274015b9526505daaaed385155425f7337704883e')
    const { compact } = signDigest(digest, bigintToBytes(1n, 32))
    assert.equal(
      bytesToHex(compact),
      '0x934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8' +
        '2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5'
    )
  })

  it('recovers the signer of what it signed', () => {
    fc.assert(
      fc.property(privateKeys, digests, (key, digest) => {
        assert.equal(recoverAddress(digest, signDigest(digest, key)), privateKeyToAddress(key))
      }),
      { numRuns: 20 }
    )
  })

  it('gives the same bytes natively and in JavaScript', function () {
    if (native === undefined) skipTest(this, 'no native secp256k1 on this platform')
    fc.assert(
      fc.property(privateKeys, digests, (key, digest) => {
        const signature = native.sign(digest, key)
        const other = noble.sign(digest, key)
        assert.deepEqual(Uint8Array.from(signature.compact), Uint8Array.from(other.compact))
        assert.equal(signature.recovery, other.recovery)
        const publicKey = bytesToHex(native.publicKey(key))
        assert.equal(bytesToHex(noble.publicKey(key)), publicKey)
        assert.equal(bytesToHex(native.recover(digest, signature)), publicKey)
        assert.equal(bytesToHex(noble.recover(digest, signature)), publicKey)
      }),
      { numRuns: 20 }
    )
  })

  it('agrees natively and in JavaScript on what recovers to no key', function () {
    if (native === undefined) skipTest(this, 'no native secp256k1 on this platform')
    const outcome = (run: () => Uint8Array) => {
      try {
        return bytesToHex(run())
      } catch {
        return 'none'
      }
    }
    const numbers = fc.oneof(
      fc.constantFrom(0n, 1n, GROUP_ORDER - 1n, GROUP_ORDER, 2n ** 256n - 1n),
      fc.bigInt({ min: 0n, max: 2n ** 256n - 1n })
    )
    fc.assert(
      fc.property(numbers, numbers, fc.nat(1), digests, (r, s, recovery, digest) => {
        const compact = new Uint8Array([...bigintToBytes(r, 32), ...bigintToBytes(s, 32)])
        const signature = { compact, recovery }
        assert.equal(
          outcome(() => native.recover(digest, signature)),
          outcome(() => noble.recover(digest, signature))
        )
      })
    )
  })

  const digest = keccak256(new Uint8Array(0))
  for (const [name, code, run] of [
    ['a zero key', 'private-key-invalid', () => privateKeyToAddress(new Uint8Array(32))],
    ['a short key', 'private-key-invalid', () => privateKeyToAddress(new Uint8Array(31).fill(1))],
    [
      'a key at the group order',
      'private-key-invalid',
      () => signDigest(digest, bigintToBytes(GROUP_ORDER, 32))
    ],
    [
      'a signature of zeros',
      'signature-invalid',
      () => recoverPublicKey(digest, { compact: new Uint8Array(64), recovery: 0 })
    ],
    [
      'a short signature',
      'signature-invalid',
      () => recoverPublicKey(digest, { compact: new Uint8Array(63).fill(1), recovery: 0 })
    ],
    [
      'a recovery id of 4',
      'signature-invalid',
      () => recoverPublicKey(digest, { compact: new Uint8Array(64).fill(1), recovery: 4 })
    ],
    [
      'a digest of 31 bytes',
      'digest-length-invalid',
      () => signDigest(digest.subarray(1), bigintToBytes(1n, 32))
    ]
  ] as const) {
    it(`refuses ${name}`, () => {
      assert.equal(failureCode(run), code)
    })
  }
})
