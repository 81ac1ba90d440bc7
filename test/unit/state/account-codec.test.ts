// Accounts in bytes: the one slim form, told from every other encoding.
import assert from 'node:assert/strict'
import { RLP } from '@ethereumjs/rlp'
import fc from 'fast-check'
import { bigintToBytes, equalBytes } from '../../../src/base/bytes.ts'
import {
  decodeAccount,
  EMPTY_CODE_HASH,
  encodeSlimAccount,
  readSlimHashes
} from '../../../src/state/account-codec.ts'
import { EMPTY_ROOT } from '../../../src/trie/trie.ts'

const NO_BYTES = new Uint8Array(0)
const HASH = new Uint8Array(32).fill(7)

const integer = (bits: bigint) =>
  fc.bigInt({ min: 0n, max: 2n ** bits - 1n }).map((value) => bigintToBytes(value))
const hash = fc.constantFrom(NO_BYTES, HASH, EMPTY_ROOT, EMPTY_CODE_HASH, HASH.subarray(1))
const loose = fc.uint8Array({ maxLength: 34 })

describe('the slim form of an account', () => {
  it('is taken when encoding what was decoded gives the same bytes, and in no other case', () => {
    let takenCount = 0
    const fields = fc.tuple(
      fc.oneof(integer(64n), integer(72n), loose),
      fc.oneof(integer(256n), integer(264n), loose),
      hash,
      hash
    )
    fc.assert(
      fc.property(fields, (values) => {
        const body = RLP.encode(values)
        const isTaken = isSlim(body)
        if (isTaken) takenCount++
        assert.equal(isRead(body), isTaken)
      }),
      { numRuns: 2_000 }
    )
    assert.ok(takenCount > 50, `${takenCount} bodies were taken`)
  })

  it('gives the hashes that the account has', () => {
    const nothing = { storageRoot: undefined, codeHash: undefined }
    const plain = { nonce: 1n, balance: 2n, storageRoot: EMPTY_ROOT, codeHash: undefined }
    assert.deepEqual(readSlimHashes(encodeSlimAccount(plain)), nothing)
    const full = { ...plain, storageRoot: HASH, codeHash: HASH }
    assert.deepEqual(readSlimHashes(encodeSlimAccount(full)), { storageRoot: HASH, codeHash: HASH })
  })

  for (const [what, body, reason] of [
    [
      'a nonce of nine bytes',
      [new Uint8Array(9).fill(1), NO_BYTES, NO_BYTES, NO_BYTES],
      /too large/
    ],
    ['a zero before the balance', [NO_BYTES, Uint8Array.of(0, 9), NO_BYTES, NO_BYTES], /one slim/],
    ['the empty root written out', [NO_BYTES, NO_BYTES, EMPTY_ROOT, NO_BYTES], /one slim/],
    [
      'the hash of no code written out',
      [NO_BYTES, NO_BYTES, NO_BYTES, EMPTY_CODE_HASH],
      /one slim/
    ],
    ['a root of 31 bytes', [NO_BYTES, NO_BYTES, HASH.subarray(1), NO_BYTES], /not 32 bytes/],
    ['three fields', [NO_BYTES, NO_BYTES, NO_BYTES], /list of four/]
  ] as const) {
    it(`is not ${what}`, () => {
      assert.throws(() => readSlimHashes(RLP.encode([...body])), reason)
    })
  }
})

/** By the definition: lengths within bounds, and nothing is lost or changed on the way there and back. */
function isSlim(body: Uint8Array): boolean {
  const fields = RLP.decode(body) as Uint8Array[]
  const [nonce, balance, storageRoot, codeHash] = fields
  const isHash = ({ length }: Uint8Array) => length === 0 || length === 32
  if (nonce!.length > 8 || balance!.length > 32) return false
  if (!isHash(storageRoot!) || !isHash(codeHash!)) return false
  return equalBytes(encodeSlimAccount(decodeAccount(body)), body)
}

function isRead(body: Uint8Array): boolean {
  try {
    readSlimHashes(body)
    return true
  } catch (thrown) {
    assert.ok(thrown instanceof RangeError)
    return false
  }
}
