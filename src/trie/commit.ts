// What changed in a trie, as writes and deletes by path; each changed node is encoded and hashed once.
import { keccak256 } from '../base/keccak.ts'
import { type NodeEncoder } from './node-encode.ts'
import {
  type Branch,
  BRANCH_WIDTH,
  type NodeReference,
  STORED_NODE_BYTES_MIN,
  type TrieNode
} from './node.ts'
import { pathKey } from './nibbles.ts'

/** What became of one place, so that one look tells a node that is gone from a place that was not touched. */
export interface NodeChange {
  /** The RLP of the node that stands here now; undefined: none does any more. */
  readonly value: Uint8Array | undefined
}

/** A place where no node stands any more. */
export const NODE_GONE: NodeChange = { value: undefined }

/** A root, and what leads to it from the root before. */
export interface TrieCommit {
  readonly root: Uint8Array
  /**
   * By `pathKey`, the place of a node in hex digits. Put over what held exactly the nodes of the root before, it gives exactly those of this
   * root: every place that was written anew, and every place where a node stood and none does now.
   */
  readonly nodes: ReadonlyMap<string, NodeChange>
}

/** Changes in the subtree that one step encodes: less than a millisecond of work. Keys are hashes, and lie evenly. */
const CHANGES_PER_STEP = 64
/** At least: more steps than that cost a small commit little, and what lies unevenly is in smaller pieces. */
const STEP_LEVELS_MIN = 2
const REMOVED_PER_STEP = 1_024

/** How far below the root the subtrees begin that one step each encodes, for so many changes or fewer. */
export function levelsOfSteps(changesCount: number): number {
  let levels = STEP_LEVELS_MIN
  while (changesCount > CHANGES_PER_STEP * BRANCH_WIDTH ** levels) levels++
  return levels
}

/** What a walk through the changed part of a tree does with each node. */
interface ChangesVisitor {
  /** True for a node that the walk has to go to. */
  readonly isDue: (node: TrieNode) => boolean
  /** The reference of a node below the root that is due, whose RLP this is; its place is the first `depth` nibbles. */
  readonly take: (
    node: TrieNode,
    encoded: Uint8Array,
    path: Uint8Array,
    depth: number
  ) => NodeReference
}

/** Goes through what is due, children first. */
class ChangesWalk {
  readonly #visitor: ChangesVisitor
  readonly #encoder: NodeEncoder
  readonly #path: Uint8Array

  /** `pathLengthMax`: nibbles of the longest key that was put or deleted. */
  constructor(visitor: ChangesVisitor, encoder: NodeEncoder, pathLengthMax: number) {
    this.#visitor = visitor
    this.#encoder = encoder
    this.#path = new Uint8Array(pathLengthMax + 1)
  }

  /** Encodes what is due below a branch, one subtree so many levels down a step; `encode` then has one node left. */
  *subtrees(node: TrieNode, levels: number, depth = 0): Generator<void, void, undefined> {
    if (node.kind !== 'branch') return
    for (let nibble = 0; nibble < BRANCH_WIDTH; nibble++) {
      const child = this.#dueChild(node, nibble)
      if (child === undefined) continue
      this.#path[depth] = nibble
      if (levels > 1) yield* this.subtrees(child, levels - 1, depth + 1)
      this.#reference(child, depth + 1)
      yield
    }
  }

  /** The RLP of a node, all that is due below it taken before. */
  encode(node: TrieNode, depth: number): Uint8Array {
    switch (node.kind) {
      case 'leaf':
        return this.#encoder.leaf(node.key, 0, node.key.length, node.value)
      case 'extension': {
        const { key, child } = node
        const isRead = !(child instanceof Uint8Array)
        if (isRead && this.#visitor.isDue(child)) this.#path.set(key, depth)
        const reference = isRead ? this.#reference(child, depth + key.length) : child
        return this.#encoder.extension(key, 0, key.length, reference)
      }
      case 'branch':
        for (let nibble = 0; nibble < BRANCH_WIDTH; nibble++) {
          const child = this.#dueChild(node, nibble)
          if (child === undefined) continue
          this.#path[depth] = nibble
          this.#reference(child, depth + 1)
        }
        return this.#encoder.branch(node)
    }
  }

  #reference(node: TrieNode, depth: number): NodeReference {
    if (node.reference !== undefined && !this.#visitor.isDue(node)) return node.reference
    return this.#visitor.take(node, this.encode(node, depth), this.#path, depth)
  }

  #dueChild({ slots }: Branch, nibble: number): TrieNode | undefined {
    const slot = slots[nibble]
    if (slot === undefined || slot === null || slot instanceof Uint8Array) return undefined
    return this.#visitor.isDue(slot) ? slot : undefined
  }
}

const ROOT_VISITOR: ChangesVisitor = {
  isDue: ({ reference }) => reference === undefined,
  take(node, encoded) {
    const isStored = encoded.length >= STORED_NODE_BYTES_MIN
    node.reference = isStored ? keccak256(encoded) : encoded.slice()
    node.isUnsaved = true
    return node.reference
  }
}

/** Computes references and writes nothing: what changed stays to be written by a commit. */
export class RootWalk {
  readonly #walk: ChangesWalk

  /** The encoder may lend what it returns. */
  constructor(encoder: NodeEncoder, pathLengthMax: number) {
    this.#walk = new ChangesWalk(ROOT_VISITOR, encoder, pathLengthMax)
  }

  /** As `root` of all below it, one subtree so many levels down a step. */
  subtrees(node: TrieNode, levels: number): Generator<void, void, undefined> {
    return this.#walk.subtrees(node, levels)
  }

  /** The hash of the root, and a reference for all that changed below it. */
  root(node: TrieNode): Uint8Array {
    node.reference = keccak256(this.#walk.encode(node, 0))
    node.isUnsaved = true
    return node.reference
  }
}

/** Collects what a commit writes, children first. */
export class CommitWalk {
  readonly nodes = new Map<string, NodeChange>()
  readonly #walk: ChangesWalk

  constructor(encoder: NodeEncoder, pathLengthMax: number) {
    const visitor: ChangesVisitor = {
      isDue: ({ reference, isUnsaved }) => isUnsaved || reference === undefined,
      take: (node, encoded, path, depth) => this.#take(node, encoded, pathKey(path, depth))
    }
    this.#walk = new ChangesWalk(visitor, encoder, pathLengthMax)
  }

  /** Encodes what changed below a branch, one subtree so many levels down a step; `root` then has one node left. */
  subtrees(node: TrieNode, levels: number): Generator<void, void, undefined> {
    return this.#walk.subtrees(node, levels)
  }

  /** Encodes the root and all changed nodes below it; returns its hash. */
  root(node: TrieNode): Uint8Array {
    const encoded = this.#walk.encode(node, 0)
    const hash = node.reference ?? keccak256(encoded)
    this.#put(node, encoded, hash, '')
    return hash
  }

  /** Lists what was removed, by `pathKey`, as gone, unless something was written in its place. */
  *remove(removed: Iterable<string>): Generator<void, void, undefined> {
    let count = 0
    for (const key of removed) {
      if (!this.nodes.has(key)) this.nodes.set(key, NODE_GONE)
      count += 1
      if (count % REMOVED_PER_STEP === 0) yield
    }
  }

  #take(node: TrieNode, encoded: Uint8Array, place: string): NodeReference {
    if (encoded.length >= STORED_NODE_BYTES_MIN) {
      return this.#put(node, encoded, node.reference ?? keccak256(encoded), place)
    }
    if (node.isStored) this.nodes.set(place, NODE_GONE)
    node.isStored = false
    node.isUnsaved = false
    node.reference = encoded
    return encoded
  }

  #put(node: TrieNode, encoded: Uint8Array, hash: Uint8Array, place: string): NodeReference {
    this.nodes.set(place, { value: encoded })
    node.isStored = true
    node.isUnsaved = false
    node.reference = hash
    return hash
  }
}
