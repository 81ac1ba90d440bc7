// The Merkle-Patricia trie of Ethereum over a path-keyed source (Yellow Paper, appendix D; src/trie/README.md).
import { concatBytes, equalBytes } from '../base/bytes.ts'
import { CommitWalk, levelsOfSteps, RootWalk, type TrieCommit } from './commit.ts'
import { KeyCursor } from './key-cursor.ts'
import { joinNibbles, pathKey } from './nibbles.ts'
import { NodeEncoder } from './node-encode.ts'
import {
  EMPTY_ROOT,
  isEmptyRoot,
  type NodeSource,
  resolveExtended,
  resolveNode
} from './node-source.ts'
import {
  Branch,
  Extension,
  Leaf,
  type NodeReference,
  placed,
  prefixed,
  type TrieNode
} from './node.ts'

export { EMPTY_ROOT, type NodeSource } from './node-source.ts'
export { type TrieCommit } from './commit.ts'

/**
 * A map from keys to non-empty values with a root. Keys may have any length up to KEY_BYTES_MAX, and be
 * prefixes of each other; longer ones throw RangeError. Every node that is read is checked against the
 * hash its parent holds; where that fails, TrieError is thrown and the trie is as it was before the call.
 * Nodes that were read stay in memory for as long as the trie does, so a trie is for one batch of work.
 */
export interface Trie {
  /** The value of the key, which must not be changed. */
  get(key: Uint8Array): Uint8Array | undefined
  /** Sets the value, which the trie keeps without a copy. An empty one deletes the key. */
  put(key: Uint8Array, value: Uint8Array): void
  /** Takes the key out. Nothing happens when it is not there. */
  delete(key: Uint8Array): void
  /** All changes since the trie was made or last committed. The trie can be used on. Never throws. */
  commit(): TrieCommit
  /**
   * The root of all changes so far, in steps as commitInSteps. What changed is written out by the next commit, once,
   * however many roots are asked for before it.
   */
  rootInSteps(): Generator<void, Uint8Array, undefined>
  /** As commit, in steps of less than a millisecond or so; nothing else may use the trie before the last. */
  commitInSteps(): Generator<void, TrieCommit, undefined>
}

/** The trie with this root (32 bytes), whose nodes the source holds; EMPTY_ROOT needs no node. */
export function createTrie(source: NodeSource, root: Uint8Array): Trie {
  return new PathTrie(source, root)
}

const NO_NIBBLES = new Uint8Array(0)
/** Of all tries: a node is encoded in one go. */
const encoder = new NodeEncoder()
const lendingEncoder = new NodeEncoder({ isLending: true })

class PathTrie implements Trie {
  readonly #source: NodeSource
  /** Where stored nodes were taken out of the tree, by `pathKey`. */
  readonly #removed = new Set<string>()
  #rootHash: Uint8Array
  /** The root node; its reference until somebody needs it; undefined when the trie is empty. */
  #root: TrieNode | NodeReference | undefined
  readonly #key = new KeyCursor()
  /** The value that `put` sets. */
  #value: Uint8Array = NO_NIBBLES

  constructor(source: NodeSource, root: Uint8Array) {
    this.#source = source
    this.#rootHash = root
    this.#root = isEmptyRoot(root) ? undefined : root
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#key.aim(key)
    let node = this.#readRoot()
    let depth = 0
    while (node !== undefined) {
      if (node.kind === 'leaf') return this.#key.endsIn(node, depth) ? node.value : undefined
      if (node.kind === 'branch') {
        if (depth === this.#key.length) return node.value
        node = this.#readChild(node, depth)
        depth++
      } else {
        if (this.#key.shared(node.key, depth) < node.key.length) return undefined
        depth += node.key.length
        node = this.#readExtended(node, depth)
      }
    }
    return undefined
  }

  put(key: Uint8Array, value: Uint8Array): void {
    if (value.length === 0) {
      this.delete(key)
      return
    }
    this.#key.aim(key)
    this.#value = value
    const root = this.#readRoot()
    this.#root = root === undefined ? this.#newLeaf(0) : this.#insert(root, 0)
  }

  delete(key: Uint8Array): void {
    this.#key.aim(key)
    const root = this.#readRoot()
    if (root === undefined) return
    this.#root = this.#remove(root, 0)
    if (this.#root === undefined) this.#noteRemoved(root, NO_NIBBLES, 0)
  }

  commit(): TrieCommit {
    const steps = this.commitInSteps()
    let step = steps.next()
    while (step.done !== true) step = steps.next()
    return step.value
  }

  *rootInSteps(): Generator<void, Uint8Array, undefined> {
    if (this.#root === undefined) this.#rootHash = EMPTY_ROOT
    else if (!(this.#root instanceof Uint8Array) && this.#root.reference === undefined) {
      const walk = new RootWalk(lendingEncoder, this.#key.lengthMax)
      yield* walk.subtrees(this.#root, levelsOfSteps(this.#key.aimsCount))
      this.#rootHash = walk.root(this.#root)
    }
    return this.#rootHash
  }

  *commitInSteps(): Generator<void, TrieCommit, undefined> {
    const walk = new CommitWalk(encoder, this.#key.lengthMax)
    if (this.#root === undefined) this.#rootHash = EMPTY_ROOT
    else if (
      !(this.#root instanceof Uint8Array) &&
      (this.#root.isUnsaved || this.#root.reference === undefined)
    ) {
      yield* walk.subtrees(this.#root, levelsOfSteps(this.#key.aimsCount))
      this.#rootHash = walk.root(this.#root)
    }
    yield* walk.remove(this.#removed)
    this.#removed.clear()
    return { root: this.#rootHash, nodes: walk.nodes }
  }

  #readRoot(): TrieNode | undefined {
    if (this.#root instanceof Uint8Array) {
      this.#root = resolveNode(this.#source, NO_NIBBLES, this.#root)
    }
    return this.#root
  }

  /** The child of a branch at `depth` on the way of the key at hand. */
  #readChild(branch: Branch, depth: number): TrieNode | undefined {
    const nibble = this.#key.nibbles[depth]!
    const child = branch.child(nibble)
    if (!(child instanceof Uint8Array)) return child
    const node = resolveNode(this.#source, this.#key.prefix(depth + 1), child)
    branch.slots[nibble] = node
    return node
  }

  /** The branch below an extension whose key the key at hand shares; it stands at `depth`. */
  #readExtended(extension: Extension, depth: number): Branch {
    const { child } = extension
    if (!(child instanceof Uint8Array)) return child
    const branch = resolveExtended(this.#source, this.#key.prefix(depth), child)
    extension.child = branch
    return branch
  }

  /** Puts key and value in below `node`; returns what stands in its place, clean only if nothing changed. */
  #insert(node: TrieNode, depth: number): TrieNode {
    switch (node.kind) {
      case 'leaf':
        return this.#insertAtLeaf(node, depth)
      case 'extension':
        return this.#insertAtExtension(node, depth)
      case 'branch':
        this.#insertAtBranch(node, depth)
        return node
    }
  }

  #insertAtBranch(branch: Branch, depth: number): void {
    if (depth === this.#key.length) {
      if (branch.value !== undefined && equalBytes(branch.value, this.#value)) return
      branch.value = this.#value
      branch.reference = undefined
      return
    }
    const child = this.#readChild(branch, depth)
    const next = child === undefined ? this.#newLeaf(depth + 1) : this.#insert(child, depth + 1)
    if (next.reference !== undefined) return
    branch.slots[this.#key.nibbles[depth]!] = next
    branch.reference = undefined
  }

  #insertAtLeaf(leaf: Leaf, depth: number): TrieNode {
    if (this.#key.endsIn(leaf, depth)) {
      if (equalBytes(leaf.value, this.#value)) return leaf
      leaf.value = this.#value
      leaf.reference = undefined
      return leaf
    }
    const shared = this.#key.shared(leaf.key, depth)
    const branch = new Branch()
    if (shared === leaf.key.length) branch.value = leaf.value
    else branch.slots[leaf.key[shared]!] = new Leaf(leaf.key.subarray(shared + 1), leaf.value)
    return this.#fork(leaf, branch, shared, depth)
  }

  #insertAtExtension(extension: Extension, depth: number): TrieNode {
    const { key } = extension
    const shared = this.#key.shared(key, depth)
    if (shared === key.length) {
      const child = this.#readExtended(extension, depth + shared)
      this.#insertAtBranch(child, depth + shared)
      if (child.reference === undefined) extension.reference = undefined
      return extension
    }
    const { child } = extension
    const branch = new Branch()
    branch.slots[key[shared]!] =
      shared + 1 === key.length ? child : new Extension(key.subarray(shared + 1), child)
    return this.#fork(extension, branch, shared, depth)
  }

  /** Puts key and value into a new branch, and that in the place of a node, behind what they share. */
  #fork(node: Leaf | Extension, branch: Branch, shared: number, depth: number): TrieNode {
    if (depth + shared === this.#key.length) branch.value = this.#value
    else branch.slots[this.#key.nibbles[depth + shared]!] = this.#newLeaf(depth + shared + 1)
    return placed(node, shared === 0 ? branch : new Extension(node.key.subarray(0, shared), branch))
  }

  #newLeaf(depth: number): Leaf {
    return new Leaf(this.#key.nibbles.slice(depth, this.#key.length), this.#value)
  }

  /**
   * Takes the key out below `node`; returns what stands in its place, clean only if nothing changed.
   * Undefined, when nothing is left, is for leaves alone: the caller notes that it was removed.
   */
  #remove(node: TrieNode, depth: number): TrieNode | undefined {
    switch (node.kind) {
      case 'leaf':
        return this.#key.endsIn(node, depth) ? undefined : node
      case 'extension':
        return this.#removeAtExtension(node, depth)
      case 'branch':
        return this.#removeAtBranch(node, depth)
    }
  }

  #removeAtExtension(extension: Extension, depth: number): TrieNode {
    const { key } = extension
    if (this.#key.shared(key, depth) < key.length) return extension
    const childDepth = depth + key.length
    const next = this.#removeAtBranch(this.#readExtended(extension, childDepth), childDepth)
    if (next.reference !== undefined) return extension
    if (next.kind === 'branch') {
      extension.child = next
      extension.reference = undefined
      return extension
    }
    this.#noteRemoved(next, this.#key.nibbles, childDepth)
    return prefixed(extension, concatBytes(key, next.key), next)
  }

  #removeAtBranch(branch: Branch, depth: number): TrieNode {
    if (depth === this.#key.length) {
      if (branch.value === undefined) return branch
      const collapsed = this.#collapse(branch, branch.childBits(), undefined, depth)
      if (collapsed !== undefined) return collapsed
      branch.value = undefined
      branch.reference = undefined
      return branch
    }
    const child = this.#readChild(branch, depth)
    const next = child === undefined ? undefined : this.#remove(child, depth + 1)
    if (child === undefined || next?.reference !== undefined) return branch
    const nibble = this.#key.nibbles[depth]!
    if (next === undefined) {
      const bits = branch.childBits() & ~(1 << nibble)
      const collapsed = this.#collapse(branch, bits, branch.value, depth)
      this.#noteRemoved(child, this.#key.nibbles, depth + 1)
      if (collapsed !== undefined) return collapsed
    }
    branch.slots[nibble] = next ?? null
    branch.reference = undefined
    return branch
  }

  /**
   * What a branch becomes of which the children in `bits` and the value stay: undefined when it stays a
   * branch, else the one thing that is left. Changes nothing before all that it needs was read.
   */
  #collapse(
    branch: Branch,
    bits: number,
    value: Uint8Array | undefined,
    depth: number
  ): TrieNode | undefined {
    if (bits === 0)
      return value === undefined ? undefined : placed(branch, new Leaf(NO_NIBBLES, value))
    if (value !== undefined || (bits & (bits - 1)) !== 0) return undefined
    const nibble = 31 - Math.clz32(bits)
    const path = joinNibbles(this.#key.nibbles.subarray(0, depth), nibble, NO_NIBBLES)
    const slot = branch.child(nibble)
    const child = slot instanceof Uint8Array ? resolveNode(this.#source, path, slot) : slot
    if (child === undefined) return undefined
    if (child.kind === 'branch') return placed(branch, new Extension(path.subarray(depth), child))
    this.#noteRemoved(child, path, path.length)
    return prefixed(branch, joinNibbles(NO_NIBBLES, nibble, child.key), child)
  }

  /** Keeps in mind that the place of a node, the first `depth` nibbles of `path`, is empty now. */
  #noteRemoved(node: TrieNode, path: Uint8Array, depth: number): void {
    if (node.isStored) this.#removed.add(pathKey(path, depth))
  }
}
