// CRC-32C against published answers and against another implementation.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { crc32 as wasmCrc32 } from 'hash-wasm'
import { crc32c } from '../../../protocols/crc32c.ts'

const CASTAGNOLI = 0x82f63b78

describe('CRC-32C', () => {
  // RFC 3720, appendix B.4; "123456789" is the check value of the catalogue of CRCs.
  for (const [name, bytes, sum] of [
    ['nothing', new Uint8Array(0), 0],
    ['32 zero bytes', new Uint8Array(32), 0x8a9136aa],
    ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['32 ascending bytes', Uint8Array.from({ length: 32 }, (_, at) => at), 0x46dd794e],
    ['32 descending bytes', Uint8Array.from({ length: 32 }, (_, at) => 31 - at), 0x113fdb5c],
    ['the digits 1 to 9', Buffer.from('123456789'), 0xe3069283]
  ] as const) {
    it(`of ${name} is the published one`, () => {
      assert.equal(crc32c(bytes), sum)
    })
  }

  it('agrees with another implementation on any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (bytes) => {
        assert.equal(
          crc32c(bytes).toString(16).padStart(8, '0'),
          await wasmCrc32(bytes, CASTAGNOLI)
        )
      })
    )
  })

  it('goes on from the sum of what came before', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        assert.equal(crc32c(b, crc32c(a)), crc32c(new Uint8Array([...a, ...b])))
      })
    )
  })

  it('changes with any flipped bit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), (bytes, at) => {
        const flipped = Uint8Array.from(bytes)
        flipped[at % bytes.length]! ^= 1 << (at & 7)
        assert.notEqual(crc32c(flipped), crc32c(bytes))
      })
    )
  })
})
