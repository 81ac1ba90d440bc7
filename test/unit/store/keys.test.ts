// The key tables: every prefix once, keys in the order of what they stand for.
import assert from 'node:assert/strict'
import { compareBytes, type Hex } from '../../../src/base/bytes.ts'
import {
  CHAIN_PREFIX,
  hashKey,
  nameKey,
  numberKey,
  numberOfKey,
  SCHEMA_KEY,
  soleKey,
  STATE_PREFIX
} from '../../../src/store/keys.ts'

const HASH: Hex = `0x${'ab'.repeat(32)}`

describe('keys', () => {
  for (const [database, prefixes] of Object.entries({ chain: CHAIN_PREFIX, state: STATE_PREFIX })) {
    it(`of ${database} begin with a byte of their own, which is not the schema entry's`, () => {
      const bytes: readonly number[] = [...Object.values<number>(prefixes), SCHEMA_KEY[0]!]
      assert.equal(new Set(bytes).size, bytes.length)
      assert.ok(bytes.every((byte) => byte > 0x20 && byte < 0x7f))
    })
  }

  it('are the prefix and what follows it', () => {
    assert.deepEqual(hashKey(0x68, HASH), Uint8Array.of(0x68, ...new Uint8Array(32).fill(0xab)))
    assert.deepEqual(numberKey(0x6e, 258n), Uint8Array.of(0x6e, 0, 0, 0, 0, 0, 0, 1, 2))
    assert.deepEqual(nameKey(0x6d, 'a-1'), Uint8Array.of(0x6d, 0x61, 0x2d, 0x31))
    assert.deepEqual(soleKey(0x63), Uint8Array.of(0x63))
  })
  it('of heights stand in the order of heights', () => {
    const heights = [0n, 1n, 255n, 256n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n]
    const keys = heights.map((height) => numberKey(0x6e, height))
    assert.deepEqual([...keys].sort(compareBytes), keys)
    assert.deepEqual(keys.map(numberOfKey), heights)
  })

  for (const [what, make] of [
    ['a negative height', () => numberKey(0x6e, -1n)],
    ['a height beyond u64', () => numberKey(0x6e, 2n ** 64n)],
    ['an empty name', () => nameKey(0x6d, '')],
    ['a name with a slash', () => nameKey(0x6d, 'a/b')],
    ['a long name', () => nameKey(0x6d, 'a'.repeat(65))],
    ['a short hash', () => hashKey(0x68, '0xab')]
  ] as const) {
    it(`are not made of ${what}`, () => {
      assert.throws(make)
    })
  }
})
