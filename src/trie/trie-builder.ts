// A whole trie from its entries in key order: each node is made once, and nothing is held but the right edge.
import { keccak256 } from '../base/keccak.ts'
import { sharedLength } from './nibbles.ts'
import { NodeEncoder } from './node-encode.ts'
import { EMPTY_ROOT } from './node-source.ts'
import { Branch, type NodeReference, STORED_NODE_BYTES_MIN } from './node.ts'

/** Of all builders: a node is encoded in one go. */
const encoder = new NodeEncoder()

/** Takes each node that is stored, children before parents: its path (one nibble a byte) and its RLP. */
export type NodeSink = (path: Uint8Array, encoded: Uint8Array) => void

/** A key as nibbles, with its value. */
interface Entry {
  readonly path: Uint8Array
  readonly value: Uint8Array
}

/** A branch on the right edge, and how many nibbles lie above it. */
interface OpenBranch {
  readonly depth: number
  readonly branch: Branch
}

/** What a builder is for. */
export interface TrieBuilderOptions {
  /** Left out: only the root or the reference is wanted. */
  readonly onNode?: NodeSink
  /** All keys share so many nibbles: what is built is the subtree below them. */
  readonly startDepth?: number
}

/** Entries go in, in ascending order of their paths; the root comes out. Its memory does not grow with the entries. */
export class TrieBuilder {
  readonly #startDepth: number
  readonly #onNode: NodeSink | undefined
  /** Branches on the way to the last key, the deepest last. At most one for each nibble of a key. */
  readonly #open: OpenBranch[] = []
  /** The last entry. It is in no branch yet: the next one decides where its leaf starts. */
  #last: Entry | undefined

  constructor({ onNode, startDepth = 0 }: TrieBuilderOptions = {}) {
    this.#startDepth = startDepth
    this.#onNode = onNode
  }

  /** The path has one nibble a byte. Throws RangeError when it is not above the last one, or the value is empty. */
  add(path: Uint8Array, value: Uint8Array): void {
    if (value.length === 0) throw new RangeError('an empty value in a trie')
    const last = this.#last
    if (last !== undefined) {
      const shared = sharedLength(last.path, path, 0, path.length)
      if (shared === path.length || last.path[shared]! > path[shared]!) {
        throw new RangeError('keys of a trie out of order')
      }
      this.#fold(last, shared)
    }
    this.#last = { path, value }
  }

  /** The root of what was added; the builder is empty afterwards. */
  finish(): Uint8Array {
    const last = this.#last
    if (last === undefined) return EMPTY_ROOT
    const encoded = this.#close(last)
    this.#onNode?.(last.path.slice(0, this.#startDepth), encoded)
    return keccak256(encoded)
  }

  /** How a branch above the start depth names what was added, undefined when that is nothing; empty afterwards. */
  finishReference(): NodeReference | undefined {
    const last = this.#last
    return last && this.#reference(last.path, this.#startDepth, this.#close(last))
  }

  /** Closes all that cannot change any more, since the next key leaves that of the last entry at `depth`. */
  #fold(last: Entry, depth: number): void {
    let top = this.#openAt(depth)
    this.#placeLeaf(last, top)
    while (top.depth > depth) {
      this.#open.pop()
      const parent = this.#openAt(depth)
      this.#placeBranch(last.path, top, parent)
      top = parent
    }
  }

  /** Closes everything; returns the RLP of the node at the start depth. */
  #close(last: Entry): Uint8Array {
    this.#last = undefined
    let top = this.#open.pop()
    if (top === undefined) return this.#encodeLeaf(last, this.#startDepth)
    this.#placeLeaf(last, top)
    for (let parent = this.#open.pop(); parent !== undefined; parent = this.#open.pop()) {
      this.#placeBranch(last.path, top, parent)
      top = parent
    }
    return this.#encodeBranch(last.path, this.#startDepth, top)
  }

  /** The deepest open branch, which is a new one at `depth` when none is as deep. */
  #openAt(depth: number): OpenBranch {
    const top = this.#open.at(-1)
    if (top !== undefined && top.depth >= depth) return top
    const opened = { depth, branch: new Branch() }
    this.#open.push(opened)
    return opened
  }

  #placeLeaf(last: Entry, { branch, depth }: OpenBranch): void {
    const { path, value } = last
    if (depth === path.length) branch.value = value
    else {
      const encoded = this.#encodeLeaf(last, depth + 1)
      branch.slots[path[depth]!] = this.#reference(path, depth + 1, encoded)
    }
  }

  #placeBranch(path: Uint8Array, closed: OpenBranch, { branch, depth }: OpenBranch): void {
    const encoded = this.#encodeBranch(path, depth + 1, closed)
    branch.slots[path[depth]!] = this.#reference(path, depth + 1, encoded)
  }

  #encodeLeaf({ path, value }: Entry, depth: number): Uint8Array {
    return encoder.leaf(path, depth, path.length, value)
  }

  /** A finished branch, behind an extension when it lies deeper than `depth`. */
  #encodeBranch(path: Uint8Array, depth: number, closed: OpenBranch): Uint8Array {
    const encoded = encoder.branch(closed.branch)
    if (closed.depth === depth) return encoded
    const child = this.#reference(path, closed.depth, encoded)
    return encoder.extension(path, depth, closed.depth, child)
  }

  /** How the parent names the node with this RLP, which stands at the first `depth` nibbles of `path`. */
  #reference(path: Uint8Array, depth: number, encoded: Uint8Array): NodeReference {
    if (encoded.length < STORED_NODE_BYTES_MIN) return encoded
    this.#onNode?.(path.slice(0, depth), encoded)
    return keccak256(encoded)
  }
}
