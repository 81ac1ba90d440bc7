// Proofs: the stored nodes on the way from the root to a key, which show what the trie holds there (EIP-1186).
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
