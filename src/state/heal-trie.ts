// A stored trie made into the one with another root: what differs is fetched from the top down, and written from the bottom up.
import { concatBytes, equalBytes } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { createYielder } from '../base/yielder.ts'
import { joinNibbles, nibblesToBytes } from '../trie/nibbles.ts'
import { decodeNode } from '../trie/node-decode.ts'
import { isEmptyRoot } from '../trie/node-source.ts'
import {
  type Branch,
  BRANCH_WIDTH,
  isHashReference,
  type NodeReference,
  type TrieNode
} from '../trie/node.ts'

/** Nodes that are fetched with one request, and worked on together; with the depth of a trie this bounds the memory. */
export const HEALED_AT_ONCE_MAX = 1_024

/** A leaf that differs, or is new: its hash, and its value as the trie has it. */
export interface HealedLeaf {
  readonly hash: Uint8Array
  readonly value: Uint8Array
}

/** One node that is wanted. */
export interface WantedNode {
  readonly path: Uint8Array
  readonly hash: Uint8Array
}

/** The trie in the database. */
export interface HealedTrie {
  /** A stored node: everything below it is as its hash says, since nothing of it is replaced before it is deleted. */
  node(path: Uint8Array): Uint8Array | undefined
  /** Deletes the nodes at these paths, and all nodes and leaves below the other ones, in one synced batch. */
  remove(nodes: readonly Uint8Array[], subtrees: readonly Uint8Array[]): Promise<void>
  /** Nodes whose children are all there. */
  put(nodes: readonly { readonly path: Uint8Array; readonly encoded: Uint8Array }[]): Promise<void>
  /** Leaves, with all that hangs on them, before the nodes above them. */
  putLeaves(leaves: readonly HealedLeaf[]): Promise<void>
}

/** In the order of what is wanted, each with its hash. Throws when nobody serves them. */
export type FetchNodes = (wanted: readonly WantedNode[]) => Promise<readonly Uint8Array[]>

/**
 * Resolves once the trie has this root. It may end at any step, by a crash or by what `fetch` throws, and be begun again
 * with this root or another.
 */
export async function healTrie(
  trie: HealedTrie,
  fetch: FetchNodes,
  root: Uint8Array
): Promise<void> {
  const path = new Uint8Array(0)
  if (isEmptyRoot(root)) await trie.remove([], [path])
  else await new Healing(trie, fetch).heal([{ path, hash: root }])
}

interface Replaced {
  readonly path: Uint8Array
  readonly encoded: Uint8Array
  readonly node: TrieNode
}

class Healing {
  readonly #trie: HealedTrie
  readonly #fetch: FetchNodes
  readonly #yielder = createYielder()

  constructor(trie: HealedTrie, fetch: FetchNodes) {
    this.#trie = trie
    this.#fetch = fetch
  }

  async heal(wanted: readonly WantedNode[]): Promise<void> {
    const missing: WantedNode[] = []
    for (const one of wanted) {
      if (!this.#isStored(one)) missing.push(one)
      await this.#yielder.maybeYield()
    }
    for (let at = 0; at < missing.length; at += HEALED_AT_ONCE_MAX) {
      await this.#replace(missing.slice(at, at + HEALED_AT_ONCE_MAX))
    }
  }

  #isStored({ path, hash }: WantedNode): boolean {
    const stored = this.#trie.node(path)
    return stored !== undefined && equalBytes(keccak256(stored), hash)
  }

  async #replace(wanted: readonly WantedNode[]): Promise<void> {
    const fetched = await this.#fetch(wanted)
    const replaced = wanted.map(({ path }, index): Replaced => {
      const encoded = fetched[index]!
      return { path, encoded, node: decodeNode(encoded, path) }
    })
    const subtrees = replaced.flatMap((one) => this.#strayBelow(one))
    await this.#trie.remove(
      replaced.map(({ path }) => path),
      subtrees
    )
    const children: WantedNode[] = []
    const leaves: HealedLeaf[] = []
    for (const { path, node } of replaced) {
      collect(node, path, { children, leaves })
      await this.#yielder.maybeYield()
    }
    await this.heal(children)
    if (leaves.length > 0) await this.#trie.putLeaves(leaves)
    await this.#trie.put(replaced)
  }

  /** Of what lay below a node's path, what is not below it any more. */
  #strayBelow({ path, node }: Replaced): readonly Uint8Array[] {
    const stored = this.#trie.node(path)
    const before = stored === undefined ? undefined : decodeNode(stored, path)
    if (node.kind === 'branch' && (before === undefined || before.kind === 'branch')) {
      return strayOfBranch(node, before).map((nibble) => joinNibbles(path, nibble, NO_NIBBLES))
    }
    return before !== undefined && isSameWay(node, before) ? [] : [path]
  }
}

const NO_NIBBLES = new Uint8Array(0)

/** True for two leaves, or two extensions, with the same key. */
function isSameWay(node: TrieNode, other: TrieNode): boolean {
  if (node.kind === 'branch' || other.kind === 'branch') return false
  return node.kind === other.kind && equalBytes(node.key, other.key)
}

/** The nibbles below which nothing of the new branch is stored as a node of its own, and something may be. */
function strayOfBranch(branch: Branch, before: Branch | undefined): readonly number[] {
  const stray: number[] = []
  for (let nibble = 0; nibble < BRANCH_WIDTH; nibble++) {
    const isNode = isHash(branch.child(nibble))
    const mayBeThere = before === undefined || before.child(nibble) !== undefined
    const wasNode = before === undefined || isHash(before.child(nibble))
    if (mayBeThere && !(isNode && wasNode)) stray.push(nibble)
  }
  return stray
}

function isHash(child: TrieNode | NodeReference | undefined): boolean {
  return child instanceof Uint8Array && isHashReference(child)
}

/** What a node leads to: stored children, and the leaves that stand in it. */
function collect(
  node: TrieNode,
  path: Uint8Array,
  found: { readonly children: WantedNode[]; readonly leaves: HealedLeaf[] }
): void {
  if (node.kind === 'leaf') {
    found.leaves.push({ hash: nibblesToBytes(concatBytes(path, node.key)), value: node.value })
  } else if (node.kind === 'extension') {
    collectChild(node.child, concatBytes(path, node.key), found)
  } else {
    for (let nibble = 0; nibble < BRANCH_WIDTH; nibble++) {
      const child = node.child(nibble)
      if (child !== undefined) collectChild(child, joinNibbles(path, nibble, NO_NIBBLES), found)
    }
  }
}

function collectChild(
  child: TrieNode | NodeReference,
  path: Uint8Array,
  found: { readonly children: WantedNode[]; readonly leaves: HealedLeaf[] }
): void {
  if (!(child instanceof Uint8Array))
    throw new Error('a node that was just decoded names its children')
  if (isHashReference(child)) found.children.push({ path, hash: child })
  else collect(decodeNode(child, path), path, found)
}
