// What changed in a trie, as writes and deletes by path; each changed node is encoded and hashed once.
import { keccak256 } from '../base/keccak.ts'
import { type NodeEncoder } from './node-encode.ts'
import { BRANCH_WIDTH, type NodeReference, STORED_NODE_BYTES_MIN, type TrieNode } from './node.ts'
import { pathKey } from './nibbles.ts'

/** One node of a commit. */
export interface NodeChange {
  /** One nibble a byte, from the root. */
  readonly path: Uint8Array
  /** RLP; undefined: no node stands here any more. */
  readonly value: Uint8Array | undefined
}

/** A root, and what leads to it from the root before. */
export interface TrieCommit {
  readonly root: Uint8Array
  /**
   * By `pathKey`. Put over what held exactly the nodes of the root before, it gives exactly those of this
   * root: every place that was written anew, and every place where a node stood and none does now.
   */
  readonly nodes: ReadonlyMap<string, NodeChange>
}

/** Where nodes stood that were taken out of the tree, by `pathKey`. */
export type RemovedNodes = Map<string, Uint8Array>

/** Walks the changed part of a tree, children first. */
export class CommitWalk {
  readonly nodes = new Map<string, NodeChange>()
  readonly #encoder: NodeEncoder
  readonly #path: Uint8Array

  /** `pathLengthMax`: nibbles of the longest key that was put or deleted. */
  constructor(encoder: NodeEncoder, pathLengthMax: number) {
    this.#encoder = encoder
    this.#path = new Uint8Array(pathLengthMax + 1)
  }

  /** Encodes the root and all changed nodes below it; returns its hash. */
  root(node: TrieNode): Uint8Array {
    const encoded = this.#encode(node, 0)
    const hash = keccak256(encoded)
    this.#put(node, 0, encoded, hash)
    return hash
  }

  /** Lists as deleted what was removed, unless something was written in its place. */
  remove(removed: RemovedNodes): void {
    for (const [key, path] of removed) {
      if (!this.nodes.has(key)) this.nodes.set(key, { path, value: undefined })
    }
  }

  /** The reference of a node below the root, which a changed node gets now, and all below it before. */
  #reference(node: TrieNode, depth: number): NodeReference {
    if (node.reference !== undefined) return node.reference
    const encoded = this.#encode(node, depth)
    if (encoded.length >= STORED_NODE_BYTES_MIN) {
      return this.#put(node, depth, encoded, keccak256(encoded))
    }
    if (node.isStored) this.#change(depth, undefined)
    node.isStored = false
    node.reference = encoded
    return encoded
  }

  #put(node: TrieNode, depth: number, encoded: Uint8Array, hash: Uint8Array): NodeReference {
    this.#change(depth, encoded)
    node.isStored = true
    node.reference = hash
    return hash
  }

  #change(depth: number, value: Uint8Array | undefined): void {
    const path = this.#path.slice(0, depth)
    this.nodes.set(pathKey(path), { path, value })
  }

  #encode(node: TrieNode, depth: number): Uint8Array {
    switch (node.kind) {
      case 'leaf':
        return this.#encoder.leaf(node.key, 0, node.key.length, node.value)
      case 'extension': {
        const { key, child } = node
        const isRead = !(child instanceof Uint8Array)
        if (isRead && child.reference === undefined) this.#path.set(key, depth)
        const reference = isRead ? this.#reference(child, depth + key.length) : child
        return this.#encoder.extension(key, 0, key.length, reference)
      }
      case 'branch':
        for (let nibble = 0; nibble < BRANCH_WIDTH; nibble++) {
          const slot = node.slots[nibble]
          if (slot === undefined || slot === null || slot instanceof Uint8Array) continue
          if (slot.reference !== undefined) continue
          this.#path[depth] = nibble
          this.#reference(slot, depth + 1)
        }
        return this.#encoder.branch(node)
    }
  }
}
