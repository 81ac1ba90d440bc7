// Nodes of a trie in memory. Children stay bytes until somebody goes there (Yellow Paper, appendix D).
import { itemEnd, listStart } from './rlp-item.ts'

/**
 * How a parent names a child, as it stands in the parent's RLP: a0 and the child's keccak-256, or the
 * child's RLP itself when that has less than 32 bytes.
 */
export type NodeReference = Uint8Array

/** The first byte of a reference by hash, and its length. A child that is embedded is a list, from c0 on. */
export const HASH_PREFIX = 0xa0
export const HASH_REFERENCE_BYTES = 33

/** A node with at least this many bytes of RLP is referenced by hash and stored on its own. */
export const STORED_NODE_BYTES_MIN = 32

export const BRANCH_WIDTH = 16

/** Copied for each branch: a dense array, and the cheapest way to have one. */
const NO_SLOTS: readonly undefined[] = Array.from({ length: BRANCH_WIDTH }, () => undefined)

/** A node, whatever its kind. */
export type TrieNode = Leaf | Extension | Branch

/** What all kinds have: how the parent names it, and whether the source holds a node at its path. */
abstract class PlacedNode {
  /** Undefined while the node, or something below it, has changed since the last commit. */
  reference: NodeReference | undefined = undefined
  /** Belongs to the place rather than the node: whatever stands here later takes it over. */
  isStored = false
}

/** The end of a key and its value. */
export class Leaf extends PlacedNode {
  readonly kind = 'leaf'
  /** Nibbles from this node on. */
  readonly key: Uint8Array
  value: Uint8Array

  constructor(key: Uint8Array, value: Uint8Array) {
    super()
    this.key = key
    this.value = value
  }
}

/** Nibbles that all keys below share, at least one. The child is a branch. */
export class Extension extends PlacedNode {
  readonly kind = 'extension'
  readonly key: Uint8Array
  child: Branch | NodeReference

  constructor(key: Uint8Array, child: Branch | NodeReference) {
    super()
    this.key = key
    this.child = child
  }
}

/** Sixteen ways on, and the value of the key that ends here. At least two of the seventeen are there. */
export class Branch extends PlacedNode {
  readonly kind = 'branch'
  /** The RLP that slots which are undefined are read from; without it they are empty. */
  readonly encoded: Uint8Array | undefined
  /** null: emptied. undefined: as in `encoded`. */
  readonly slots: (TrieNode | NodeReference | null | undefined)[]
  value: Uint8Array | undefined

  constructor(encoded?: Uint8Array, value?: Uint8Array) {
    super()
    this.encoded = encoded
    this.value = value
    this.slots = NO_SLOTS.slice()
  }

  /** The child at a nibble: decoded, or how it is named, or undefined when there is none. */
  child(nibble: number): TrieNode | NodeReference | undefined {
    const slot = this.slots[nibble]
    if (slot !== undefined) return slot ?? undefined
    if (this.encoded === undefined) return undefined
    let at = listStart(this.encoded)
    for (let skipped = 0; skipped < nibble; skipped++) at = itemEnd(this.encoded, at)
    const end = itemEnd(this.encoded, at)
    return end - at === 1 ? undefined : this.encoded.subarray(at, end)
  }

  /** How all sixteen children are named in `encoded`, in one pass, whatever the slots hold. */
  encodedChildren(): (NodeReference | undefined)[] {
    const children: (NodeReference | undefined)[] = NO_SLOTS.slice()
    if (this.encoded === undefined) return children
    let end = listStart(this.encoded)
    for (let nibble = 0; nibble < BRANCH_WIDTH; nibble++) {
      const start = end
      end = itemEnd(this.encoded, start)
      if (end - start > 1) children[nibble] = this.encoded.subarray(start, end)
    }
    return children
  }

  /** Bit n is set when there is a child at nibble n. */
  childBits(): number {
    let bits = 0
    let end = this.encoded === undefined ? 0 : listStart(this.encoded)
    for (let nibble = 0; nibble < BRANCH_WIDTH; nibble++) {
      const start = end
      if (this.encoded !== undefined) end = itemEnd(this.encoded, start)
      const slot = this.slots[nibble]
      const isThere = slot === undefined ? end - start > 1 : slot !== null
      if (isThere) bits |= 1 << nibble
    }
    return bits
  }
}
