// Nodes of a trie in memory. Children stay bytes until somebody goes there (Yellow Paper, appendix D).
import { LIST_START, STRING_START } from './rlp-item.ts'

/** How a parent names a child: by the keccak-256 of its RLP, or by the RLP itself, which is then shorter. */
export type NodeReference = Uint8Array

/** A node with at least this many bytes of RLP is referenced by hash and stored on its own. */
export const STORED_NODE_BYTES_MIN = 32

const HASH_BYTES = 32
/** The header of a hash in RLP: a string of 32 bytes. */
export const HASH_HEADER = STRING_START + HASH_BYTES

/** True when the reference is a hash, false when it is the node itself. */
export function isHashReference(reference: NodeReference): boolean {
  return reference.length === HASH_BYTES
}

/**
 * Where the item that names a child ends in its parent's RLP, which may be beyond the RLP; -1 when no
 * such item starts at `at`: nothing (one byte), a hash, or a node of less than 32 bytes.
 */
export function referenceEnd(encoded: Uint8Array, at: number): number {
  const first = encoded[at]!
  if (first === HASH_HEADER) return at + 1 + HASH_BYTES
  if (first === STRING_START) return at + 1
  const isEmbedded = first > LIST_START && first < LIST_START + STORED_NODE_BYTES_MIN - 1
  return isEmbedded ? at + 1 + first - LIST_START : -1
}

/** The reference whose item is at `at`; undefined when it names nothing. */
export function readReference(
  encoded: Uint8Array,
  at: number,
  end: number
): NodeReference | undefined {
  if (end - at === 1) return undefined
  return encoded.subarray(encoded[at] === HASH_HEADER ? at + 1 : at, end)
}

/** Children of a branch: one for each nibble. */
export const BRANCH_WIDTH = 16

/** Copied for each branch: a dense array, and the cheapest way to have one. */
const NO_SLOTS: readonly undefined[] = Array.from({ length: BRANCH_WIDTH }, () => undefined)

/** A node, whatever its kind. */
export type TrieNode = Leaf | Extension | Branch

/** What all kinds have: how the parent names it, and whether the source holds a node at its path. */
abstract class PlacedNode {
  /** Undefined while the node, or something below it, has changed since the root was last computed. */
  reference: NodeReference | undefined = undefined
  /** It, or something below it, has changed since the last commit, whatever its reference: a commit has to write it. */
  isUnsaved = false
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
  /** Where the first slot stands in `encoded`. */
  readonly slotsStart: number
  /** null: emptied. undefined: as in `encoded`. */
  readonly slots: (TrieNode | NodeReference | null | undefined)[]
  value: Uint8Array | undefined

  constructor(encoded?: Uint8Array, slotsStart = 0, value?: Uint8Array) {
    super()
    this.encoded = encoded
    this.slotsStart = slotsStart
    this.value = value
    this.slots = NO_SLOTS.slice()
  }

  /** The child at a nibble: decoded, or how it is named, or undefined when there is none. */
  child(nibble: number): TrieNode | NodeReference | undefined {
    const slot = this.slots[nibble]
    if (slot !== undefined) return slot ?? undefined
    if (this.encoded === undefined) return undefined
    let at = this.slotsStart
    for (let skipped = 0; skipped < nibble; skipped++) at = referenceEnd(this.encoded, at)
    return readReference(this.encoded, at, referenceEnd(this.encoded, at))
  }

  /** How all sixteen children are named in `encoded`, in one pass, whatever the slots hold. */
  encodedChildren(): (NodeReference | undefined)[] {
    const children: (NodeReference | undefined)[] = NO_SLOTS.slice()
    if (this.encoded === undefined) return children
    let end = this.slotsStart
    for (let nibble = 0; nibble < BRANCH_WIDTH; nibble++) {
      const start = end
      end = referenceEnd(this.encoded, start)
      children[nibble] = readReference(this.encoded, start, end)
    }
    return children
  }

  /** Bit n is set when there is a child at nibble n. */
  childBits(): number {
    let bits = 0
    let end = this.slotsStart
    for (let nibble = 0; nibble < BRANCH_WIDTH; nibble++) {
      const start = end
      if (this.encoded !== undefined) end = referenceEnd(this.encoded, start)
      const slot = this.slots[nibble]
      const isThere = slot === undefined ? end - start > 1 : slot !== null
      if (isThere) bits |= 1 << nibble
    }
    return bits
  }
}

/** `node` in the place of `before`. */
export function placed<Node extends TrieNode>(before: TrieNode, node: Node): Node {
  node.isStored = before.isStored
  return node
}

/** A leaf or extension with a longer key, in the place of `before`. */
export function prefixed(before: TrieNode, key: Uint8Array, node: Leaf | Extension): TrieNode {
  const longer = node.kind === 'leaf' ? new Leaf(key, node.value) : new Extension(key, node.child)
  return placed(before, longer)
}
