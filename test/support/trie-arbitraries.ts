// Random keys and values that make tries of every shape.
import fc from 'fast-check'

/** Few different nibbles, so that keys share long prefixes and branches are full and narrow alike. */
const clusteredByte = fc.constantFrom(0x00, 0x01, 0x10, 0x11, 0x1f, 0xf1, 0xff)

/** Values whose leaves are embedded, just below and above that, and stored. */
export const trieValue: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 3 }),
  fc.uint8Array({ minLength: 20, maxLength: 40 }),
  fc.uint8Array({ minLength: 1, maxLength: 120 })
)

/** Keys of which none is a prefix of another: short clustered ones, or 32 bytes that differ at either end. */
export const keysOfOneLength: fc.Arbitrary<readonly Uint8Array[]> = fc.oneof(
  fc.uniqueArray(bytesOf(3), { minLength: 1, maxLength: 40, selector: String }),
  fc.uniqueArray(
    fc
      .tuple(bytesOf(2), bytesOf(2))
      .map(([first, last]) => Uint8Array.of(...first, ...new Uint8Array(28).fill(0xab), ...last)),
    { minLength: 1, maxLength: 40, selector: String }
  )
)

/** Keys that may be empty, and prefixes of each other. */
export const keysOfAnyLength: fc.Arbitrary<readonly Uint8Array[]> = fc.uniqueArray(
  fc.array(clusteredByte, { maxLength: 4 }).map((bytes) => Uint8Array.from(bytes)),
  { minLength: 1, maxLength: 40, selector: String }
)

function bytesOf(lengthBytes: number): fc.Arbitrary<Uint8Array> {
  return fc
    .array(clusteredByte, { minLength: lengthBytes, maxLength: lengthBytes })
    .map((bytes) => Uint8Array.from(bytes))
}
