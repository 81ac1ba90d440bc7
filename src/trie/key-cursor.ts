// The key a trie works on: its nibbles, in a buffer that is used again for the next key.
import { type Leaf } from './node.ts'
import { assertKeyLength, sharedLength, writeNibbles } from './nibbles.ts'

/** Nibbles of a 32-byte key. */
const HASHED_KEY_NIBBLES = 64

/** One key at a time; what it lends out changes with the next `aim`, but for prefixes of the same length. */
export class KeyCursor {
  /** The key's nibbles, and behind `length` what an earlier key left. */
  nibbles = new Uint8Array(HASHED_KEY_NIBBLES)
  /** Nibbles of the key. */
  length = 0
  /** The longest key so far, in nibbles. */
  lengthMax = 0
  /** Keys so far: no fewer than were put or deleted. */
  aimsCount = 0
  readonly #prefixes: Uint8Array[] = []

  /** Makes this the key at hand. Throws RangeError when it is too long. */
  aim(key: Uint8Array): void {
    assertKeyLength(key)
    if (2 * key.length > this.nibbles.length) {
      this.nibbles = new Uint8Array(2 * key.length)
      this.#prefixes.length = 0
    }
    this.length = writeNibbles(key, this.nibbles)
    this.aimsCount += 1
    this.lengthMax = Math.max(this.lengthMax, this.length)
  }

  /** How many nibbles of a node's key at `depth` the key at hand shares. */
  shared(nodeKey: Uint8Array, depth: number): number {
    return sharedLength(nodeKey, this.nibbles, depth, this.length)
  }

  /** The first nibbles of the key at hand, for as long as it is. */
  prefix(length: number): Uint8Array {
    const made = this.#prefixes[length]
    if (made !== undefined) return made
    for (let next = this.#prefixes.length; next <= length; next++) {
      this.#prefixes.push(this.nibbles.subarray(0, next))
    }
    return this.#prefixes[length]!
  }

  /** True when the leaf at `depth` is that of the key at hand. */
  endsIn(leaf: Leaf, depth: number): boolean {
    const { length } = leaf.key
    return depth + length === this.length && this.shared(leaf.key, depth) === length
  }
}
