// Proofs: the stored nodes from the root to a key (EIP-1186), and to both edges of a range (snap/1).
import { equalBytes } from '../base/bytes.ts'
import { assertKeyLength, bytesToNibbles, sharedLength } from './nibbles.ts'
import { decodeNode } from './node-decode.ts'
import { isEmptyRoot, type NodeSource, readNode } from './node-source.ts'
import { isHashReference, type NodeReference, type TrieNode } from './node.ts'

/** What a trie holds under a key, and the nodes that show it. */
export interface KeyProof {
  /** RLP, from the root on. Nodes below 32 bytes are in their parents. None for an empty trie. Not to be changed. */
  readonly nodes: readonly Uint8Array[]
  /** Undefined where the nodes show that the key is not there. */
  readonly value: Uint8Array | undefined
}

/** Proves one key, present or absent, as go-ethereum's trie.Trie.Prove does. Throws TrieError where a node is damaged. */
export function proveKey(source: NodeSource, root: Uint8Array, key: Uint8Array): KeyProof {
  assertKeyLength(key)
  const nibbles = bytesToNibbles(key)
  const nodes: Uint8Array[] = []
  let step: Step = { reference: isEmptyRoot(root) ? undefined : root, depth: 0, value: undefined }
  while (step.reference !== undefined) {
    const { reference, depth } = step
    const path = nibbles.subarray(0, depth)
    const isStored = isHashReference(reference)
    const encoded = isStored ? readNode(source, path, reference) : reference
    if (isStored) nodes.push(encoded)
    step = stepFrom(decodeNode(encoded, path), nibbles, depth)
  }
  return { nodes, value: step.value }
}

/**
 * What `verifyRangeInSteps` needs for the range from `origin` to `last`, the highest key that is sent; without it, since no key
 * follows the origin, the proof of that. Each node once. Throws TrieError.
 */
export function proveRange(
  source: NodeSource,
  root: Uint8Array,
  { origin, last }: { readonly origin: Uint8Array; readonly last: Uint8Array | undefined }
): Uint8Array[] {
  const nodes = proveKey(source, root, origin).nodes
  if (last === undefined || equalBytes(origin, last)) return [...nodes]
  const all = [...nodes, ...proveKey(source, root, last).nodes]
  return [...new Map(all.map((node) => [Buffer.from(node).toString('latin1'), node])).values()]
}

/**
 * The node that stands at a path of nibbles, each one on the way checked; undefined where none does, or one that is in its
 * parent. Throws TrieError where a node is damaged.
 */
export function nodeAtPath(
  source: NodeSource,
  root: Uint8Array,
  path: Uint8Array
): Uint8Array | undefined {
  let step: Step = { reference: isEmptyRoot(root) ? undefined : root, depth: 0, value: undefined }
  while (step.reference !== undefined && step.depth <= path.length) {
    const { reference, depth } = step
    const isStored = isHashReference(reference)
    const above = path.subarray(0, depth)
    const encoded = isStored ? readNode(source, above, reference) : reference
    if (depth === path.length) return isStored ? encoded : undefined
    step = stepFrom(decodeNode(encoded, above), path, depth)
  }
  return undefined
}

/** The next node towards a key, or where the way ends: with the value, or without. */
interface Step {
  readonly reference: NodeReference | undefined
  readonly depth: number
  readonly value: Uint8Array | undefined
}

function stepFrom(node: TrieNode, nibbles: Uint8Array, depth: number): Step {
  const { length } = nibbles
  if (node.kind === 'branch') {
    if (depth === length) return { reference: undefined, depth, value: node.value }
    return { reference: named(node.child(nibbles[depth]!)), depth: depth + 1, value: undefined }
  }
  const end = depth + node.key.length
  if (sharedLength(node.key, nibbles, depth, length) < node.key.length) {
    return { reference: undefined, depth, value: undefined }
  }
  if (node.kind === 'extension') {
    return { reference: named(node.child), depth: end, value: undefined }
  }
  return { reference: undefined, depth: end, value: end === length ? node.value : undefined }
}

/** A node that was just decoded has its children as they are named, never as nodes. */
function named(child: TrieNode | NodeReference | undefined): NodeReference | undefined {
  return child instanceof Uint8Array ? child : undefined
}
