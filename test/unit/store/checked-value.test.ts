// Checksums of values: any byte that changes is noticed.
import assert from 'node:assert/strict'
import { openValue, sealValue } from '../../../src/store/checked-value.ts'

const KEY = Uint8Array.of(1, 2, 3)
const BODY = Uint8Array.of(10, 20, 30, 40)

describe('a checked value', () => {
  it('gives the body that was sealed, also an empty one', () => {
    assert.deepEqual(openValue(KEY, sealValue(KEY, BODY)), BODY)
    assert.deepEqual(openValue(KEY, sealValue(KEY, new Uint8Array(0))), new Uint8Array(0))
  })
  it('lies with others in one piece of memory, as a flush has very many of them', () => {
    const buffers = new Set(Array.from({ length: 100 }, () => sealValue(KEY, BODY).buffer))
    assert.ok(buffers.size <= 2, `${String(buffers.size)} for 100 values`)
  })
  it('gives nothing once any bit of it is flipped', () => {
    const sealed = sealValue(KEY, BODY)
    for (let bit = 0; bit < 8 * sealed.length; bit++) {
      const damaged = sealed.slice()
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      assert.equal(openValue(KEY, damaged), undefined, `bit ${bit}`)
    }
  })
  it('gives nothing under another key', () => {
    assert.equal(openValue(Uint8Array.of(1, 2, 4), sealValue(KEY, BODY)), undefined)
  })
  it('gives nothing when it is cut, down to no bytes at all', () => {
    const sealed = sealValue(KEY, BODY)
    for (let length = 0; length < sealed.length; length++) {
      assert.equal(openValue(KEY, sealed.subarray(0, length)), undefined, `${length} bytes`)
    }
  })
})
