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

/** A trie as it lies in the database. Paths have one nibble a byte. */
export interface PartialTrie {
  /** A node that is stored; all below it is then. */
  node(path: Uint8Array): Uint8Array | undefined
  /** The lowest or the highest leaf whose hash begins with the path. */
  leaf(path: Uint8Array, end: 'first' | 'last'): Promise<StoredLeaf | undefined>
  /** Takes a node that was missing, children before parents. */
  put(path: Uint8Array, encoded: Uint8Array): Promise<void>
}

/** Puts what is missing, and returns the root. Work grows with the edges, where the subtrees between them are stored. */
export async function assembleTrie(trie: PartialTrie): Promise<Uint8Array> {
  const assembly = new Assembly(trie)
  const path = new Uint8Array(0)
  const encoded = await assembly.encodedAt(path)
  if (encoded === undefined) return EMPTY_ROOT
  // A root is stored and named by its hash however short it is.
  if (encoded.length < STORED_NODE_BYTES_MIN) await trie.put(path, encoded)
  return keccak256(encoded)
}

class Assembly {
  readonly #trie: PartialTrie
  readonly #encoder = new NodeEncoder()
  readonly #yielder = createYielder()

  constructor(trie: PartialTrie) {
    this.#trie = trie
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
    if (encoded.length >= STORED_NODE_BYTES_MIN) await this.#trie.put(path, encoded)
    return encoded
  }

  /** A branch, behind an extension where it lies deeper than the path. */
  async #forkAt(path: Uint8Array, fork: Uint8Array): Promise<Uint8Array> {
    if (fork.length === path.length) return this.#branchAt(fork)
    const stored = this.#trie.node(fork)
    const branch = stored ?? (await this.#branchAt(fork))
    if (stored === undefined && branch.length >= STORED_NODE_BYTES_MIN) {
      await this.#trie.put(fork, branch)
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
