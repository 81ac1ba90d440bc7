// The nodes that are missing of a trie whose leaves are all stored, and of whose subtrees most are: those on the edges of ranges.
import { bytesToNibbles, joinNibbles, sharedLength } from '../trie/nibbles.ts'
import { keccak256 } from '../base/keccak.ts'
import { createYielder } from '../base/yielder.ts'
import { NodeEncoder } from '../trie/node-encode.ts'
import { EMPTY_ROOT } from '../trie/node-source.ts'
import { Branch, BRANCH_WIDTH, type NodeReference, STORED_NODE_BYTES_MIN } from '../trie/node.ts'

/** A leaf by its hash, and its value as the trie has it. */
export interface StoredLeaf {
  readonly hash: Uint8Array
  readonly value: Uint8Array
}

/** A node of a trie: its path, one nibble a byte, and its RLP. */
export interface AssembledNode {
  readonly path: Uint8Array
  readonly encoded: Uint8Array
}

/** Nodes that are put at once: each time is a wait for the disk. */
export const ASSEMBLED_AT_ONCE_MAX = 256

/** A trie as it lies in the database. Paths have one nibble a byte. */
export interface PartialTrie {
  /** A node that is stored; all below it is then. */
  node(path: Uint8Array): Uint8Array | undefined
  /** The lowest or the highest leaf whose hash begins with the path. */
  leaf(path: Uint8Array, end: 'first' | 'last'): Promise<StoredLeaf | undefined>
  /** Takes nodes that were missing, all or none: children before parents, so one that is stored has all below it. */
  put(nodes: readonly AssembledNode[]): Promise<void>
}

/** Puts what is missing, and returns the root. Work grows with the edges, where the subtrees between them are stored. */
export async function assembleTrie(trie: PartialTrie): Promise<Uint8Array> {
  const assembly = new Assembly(trie)
  const path = new Uint8Array(0)
  const encoded = await assembly.encodedAt(path)
  if (encoded === undefined) return EMPTY_ROOT
  // A root is stored and named by its hash however short it is.
  if (encoded.length < STORED_NODE_BYTES_MIN) await assembly.put(path, encoded)
  await assembly.flush()
  return keccak256(encoded)
}

class Assembly {
  readonly #trie: PartialTrie
  readonly #encoder = new NodeEncoder()
  readonly #yielder = createYielder()
  #made: AssembledNode[] = []

  constructor(trie: PartialTrie) {
    this.#trie = trie
  }

  async put(path: Uint8Array, encoded: Uint8Array): Promise<void> {
    this.#made.push({ path, encoded })
    if (this.#made.length === ASSEMBLED_AT_ONCE_MAX) await this.flush()
  }

  async flush(): Promise<void> {
    const nodes = this.#made
    this.#made = []
    if (nodes.length > 0) await this.#trie.put(nodes)
  }

  /** The node at a path; undefined when no leaf is below it. */
  async encodedAt(path: Uint8Array): Promise<Uint8Array | undefined> {
    await this.#yielder.maybeYield()
    const stored = this.#trie.node(path)
    if (stored !== undefined) return stored
    const first = await this.#trie.leaf(path, 'first')
    const last = first && (await this.#trie.leaf(path, 'last'))
    if (first === undefined || last === undefined) return undefined
    const lowest = bytesToNibbles(first.hash)
    const highest = bytesToNibbles(last.hash)
    const shared = sharedLength(lowest, highest, 0, highest.length)
    const encoded =
      shared === lowest.length
        ? this.#encoder.leaf(lowest, path.length, lowest.length, first.value)
        : await this.#forkAt(path, lowest.subarray(0, shared))
    if (encoded.length >= STORED_NODE_BYTES_MIN) await this.put(path, encoded)
    return encoded
  }

  /** A branch, behind an extension where it lies deeper than the path. */
  async #forkAt(path: Uint8Array, fork: Uint8Array): Promise<Uint8Array> {
    if (fork.length === path.length) return this.#branchAt(fork)
    const stored = this.#trie.node(fork)
    const branch = stored ?? (await this.#branchAt(fork))
    if (stored === undefined && branch.length >= STORED_NODE_BYTES_MIN) {
      await this.put(fork, branch)
    }
    return this.#encoder.extension(fork, path.length, fork.length, referenceOf(branch))
  }

  async #branchAt(path: Uint8Array): Promise<Uint8Array> {
    const branch = new Branch()
    for (let nibble = 0; nibble < BRANCH_WIDTH; nibble++) {
      const child = await this.encodedAt(joinNibbles(path, nibble, new Uint8Array(0)))
      if (child !== undefined) branch.slots[nibble] = referenceOf(child)
    }
    return this.#encoder.branch(branch)
  }
}

function referenceOf(encoded: Uint8Array): NodeReference {
  return encoded.length < STORED_NODE_BYTES_MIN ? encoded : keccak256(encoded)
}
