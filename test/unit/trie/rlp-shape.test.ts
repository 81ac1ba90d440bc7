// The shape of RLP: what a library may decode, and what would cost it too much.
import assert from 'node:assert/strict'
import { type Input, RLP } from '@ethereumjs/rlp'
import { findShapeFault } from '../../../src/trie/rlp-shape.ts'

const SHAPE = { depthMax: 3, bytesPerItemMin: 4 }
const fault = (bytes: Uint8Array) => findShapeFault(bytes, SHAPE)

/** Lists in each other, the innermost empty; its headers are made from the inside out, and put together once. */
function nested(depth: number): Uint8Array {
  const headers: number[][] = [[...RLP.encode([])]]
  let bytes = 1
  for (let at = 1; at < depth; at++) {
    const header = bytes < 56 ? [0xc0 + bytes] : [0xf9, bytes >> 8, bytes & 0xff]
    headers.push(header)
    bytes += header.length
  }
  return Uint8Array.from(headers.reverse().flat())
}

describe('the shape of RLP', () => {
  const sound: readonly (readonly [string, Input])[] = [
    ['a string', Uint8Array.of(1, 2, 3)],
    ['a byte', Uint8Array.of(1)],
    ['an empty list', []],
    ['lists as deep as they may be', [[[]], [[new Uint8Array(60)], []]]],
    ['a list with a long string', [new Uint8Array(70_000), Uint8Array.of(1)]]
  ]
  for (const [what, value] of sound) {
    it(`is right for ${what}`, () => {
      assert.equal(fault(RLP.encode(value)), undefined)
    })
  }

  for (const [what, bytes] of [
    ['nothing', []],
    ['an item that is cut', [0x83, 1, 2]],
    ['bytes behind the item', [0x01, 0x02]],
    ['a byte as a string of one', [0x81, 0x01]],
    ['an item that ends behind its list', [0xc2, 0x82, 1, 2]],
    ['a length with a zero in front', [0xb8, 0x01, 5]]
  ] as const) {
    it(`is not canonical: ${what}`, () => {
      assert.equal(fault(Uint8Array.from(bytes)), 'it is no canonical RLP')
    })
  }

  it('ends at the depth that is allowed, however much deeper the lists go', () => {
    assert.equal(fault(nested(3)), undefined)
    assert.equal(fault(nested(4)), 'its lists lie too deep in each other')
    assert.equal(fault(nested(10_000)), 'its lists lie too deep in each other')
  })

  it('ends at the number of items that its size allows', () => {
    assert.equal(fault(RLP.encode(new Array(30).fill(1))), undefined)
    assert.equal(fault(RLP.encode(new Array(500).fill(1))), 'it has too many items')
  })
})
