// Bytes, their hexadecimal form, and integers.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  bigintToBytes,
  BytesError,
  bytesToBigint,
  bytesToHex,
  compareBytes,
  concatBytes,
  equalBytes,
  hexToBytes
} from '../../../src/base/bytes.ts'

function failureCode(run: () => unknown): string {
  try {
    run()
  } catch (thrown) {
    if (thrown instanceof BytesError) return thrown.failure.code
    throw thrown
  }
  return 'none'
}

describe('bytes', () => {
  it('come back from hexadecimal as they went', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        assert.deepEqual(hexToBytes(bytesToHex(bytes)), bytes)
        assert.deepEqual(
          hexToBytes(
            bytesToHex(bytes).replace(/[a-f]/g, (digit) => digit.toUpperCase()),
            bytes.length
          ),
          bytes
        )
      })
    )
  })

  it('of a view are those of the view alone', () => {
    assert.equal(bytesToHex(Uint8Array.of(1, 2, 3, 4).subarray(1, 3)), '0x0203')
  })

  for (const [text, length] of [
    ['', undefined],
    ['00', undefined],
    ['0X00', undefined],
    ['0x0', undefined],
    ['0xzz', undefined],
    ['0x00 ', undefined],
    ['0x00z0', undefined],
    ['0x0000', 1],
    ['0x', 1],
    ['0x0g', 1]
  ] as const) {
    it(`refuses '${text}' of ${String(length)} bytes`, () => {
      assert.equal(
        failureCode(() => hexToBytes(text, length)),
        'hex-invalid'
      )
    })
  }

  it('decodes ten MiB of hexadecimal', () => {
    const bytes = new Uint8Array(10 * 2 ** 20).fill(0xa5)
    assert.ok(equalBytes(hexToBytes(bytesToHex(bytes)), bytes))
  })

  it('quotes at most 80 characters of what it refuses', () => {
    assert.throws(
      () => hexToBytes('x'.repeat(10_000)),
      (thrown: BytesError) => thrown.message.length < 200
    )
  })

  it('compare as unsigned numbers, a prefix first', () => {
    const ordered = [[], [0], [0, 0], [1], [1, 255], [128], [255]].map((part) =>
      Uint8Array.from(part)
    )
    for (const [left, a] of ordered.entries()) {
      for (const [right, b] of ordered.entries()) {
        assert.equal(Math.sign(compareBytes(a, b)), Math.sign(left - right))
        assert.equal(equalBytes(a, b), left === right)
      }
    }
  })

  it('concatenate in order', () => {
    assert.deepEqual(concatBytes(), new Uint8Array(0))
    assert.deepEqual(
      concatBytes(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)),
      Uint8Array.of(1, 2, 3)
    )
  })
})

describe('integers as bytes', () => {
  it('come back as they went, minimal and padded', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), (value) => {
        const minimal = bigintToBytes(value)
        assert.notEqual(minimal[0], 0)
        assert.equal(bytesToBigint(minimal), value)
        const padded = bigintToBytes(value, 32)
        assert.equal(padded.length, 32)
        assert.equal(bytesToBigint(padded), value)
      })
    )
  })

  it('zero is no bytes, or as many zeros as asked for', () => {
    assert.equal(bigintToBytes(0n).length, 0)
    assert.deepEqual(bigintToBytes(0n, 2), Uint8Array.of(0, 0))
    assert.equal(bytesToBigint(new Uint8Array(0)), 0n)
  })

  for (const [value, length] of [
    [-1n, undefined],
    [-1n, 8],
    [256n, 1],
    [2n ** 64n, 8],
    [1n, 0]
  ] as const) {
    it(`refuses ${value} in ${String(length)} bytes`, () => {
      assert.equal(
        failureCode(() => bigintToBytes(value, length)),
        'integer-out-of-range'
      )
    })
  }
})
