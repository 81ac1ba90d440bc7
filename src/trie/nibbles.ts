// Paths in a trie: nibbles, one a byte, from the root down.

const PAIR_KEYS: readonly string[] = Array.from({ length: 256 }, (_, pair) =>
  pair.toString(16).padStart(2, '0')
)
const NIBBLE_KEYS: readonly string[] = Array.from({ length: 16 }, (_, nibble) =>
  nibble.toString(16)
)

/** The longest key a trie takes, in bytes: 32 are in use, the rest is room; bounds depth and recursion. */
export const KEY_BYTES_MAX = 1024

/** Throws RangeError when the key is longer than a trie takes. */
export function assertKeyLength(key: Uint8Array): void {
  if (key.length > KEY_BYTES_MAX) throw new RangeError(`a trie key of ${key.length} bytes`)
}

/** Each byte as its two nibbles, high one first. */
export function bytesToNibbles(bytes: Uint8Array): Uint8Array {
  const nibbles = new Uint8Array(2 * bytes.length)
  writeNibbles(bytes, nibbles)
  return nibbles
}

/** Writes the nibbles of `bytes` to the start of `nibbles`, which has room for them; returns how many. */
export function writeNibbles(bytes: Uint8Array, nibbles: Uint8Array): number {
  let at = 0
  for (const byte of bytes) {
    nibbles[at++] = byte >> 4
    nibbles[at++] = byte & 15
  }
  return at
}

/** The bytes of an even number of nibbles: the first `length` of them, all when absent. */
export function nibblesToBytes(nibbles: Uint8Array, length = nibbles.length): Uint8Array {
  const bytes = new Uint8Array(length >> 1)
  for (let at = 0; at < bytes.length; at++) {
    bytes[at] = (nibbles[2 * at]! << 4) | nibbles[2 * at + 1]!
  }
  return bytes
}

/**
 * A path as the key of a map: its first `length` nibbles (all when absent), one lower-case hex digit
 * each; the root's is ''. Order of strings is order of paths.
 */
export function pathKey(path: Uint8Array, length = path.length): string {
  let key = ''
  let at = 0
  for (; at + 1 < length; at += 2) key += PAIR_KEYS[(path[at]! << 4) | path[at + 1]!]!
  return at < length ? key + NIBBLE_KEYS[path[at]!]! : key
}

/** How many nibbles `a` has in common with `b` from `bStart` (inclusive) to `bEnd` (exclusive). */
export function sharedLength(a: Uint8Array, b: Uint8Array, bStart: number, bEnd: number): number {
  const lengthMax = Math.min(a.length, bEnd - bStart)
  let length = 0
  while (length < lengthMax && a[length] === b[bStart + length]) length++
  return length
}

/** `head`, one nibble and `tail` in one array. */
export function joinNibbles(head: Uint8Array, nibble: number, tail: Uint8Array): Uint8Array {
  const joined = new Uint8Array(head.length + 1 + tail.length)
  joined.set(head)
  joined[head.length] = nibble
  joined.set(tail, head.length + 1)
  return joined
}
