// Proofs: the nodes from the root down to a key (EIP-1186), and to both edges of a range (snap/1).
import { assertKeyLength, bytesToNibbles, sharedLength } from './nibbles.ts'
import { decodeNode } from './node-decode.ts'
import { isEmptyRoot, type NodeSource, readNode } from './node-source.ts'
import { isHashReference, type NodeReference, type TrieNode } from './node.ts'

/**
 * The RLP of the nodes on the way to the key, from the root on, as `eth_getProof` shows them: to its
 * value, or to where the way ends. Nodes below 32 bytes are in their parents. None for an empty trie.
 * Throws TrieError.
 */
export function proveKey(source: NodeSource, root: Uint8Array, key: Uint8Array): Uint8Array[] {
  return [...nodesTo(source, root, key)].map(({ encoded }) => encoded)
}

/**
 * What `verifyRange` needs for the range from `origin` to `last`, the highest key that is sent; without
 * it, since no key follows the origin, the proof of that. Each node once. Throws TrieError.
 */
export function proveRange(
  source: NodeSource,
  root: Uint8Array,
  origin: Uint8Array,
  last?: Uint8Array
): Uint8Array[] {
  const nodes = new Map<string, Uint8Array>()
  for (const key of last === undefined ? [origin] : [origin, last]) {
    for (const { reference, encoded } of nodesTo(source, root, key)) {
      nodes.set(Buffer.from(reference).toString('latin1'), encoded)
    }
  }
  return [...nodes.values()]
}

interface ProofNode {
  readonly reference: NodeReference
  readonly encoded: Uint8Array
}

/** The nodes on the way to a key that are referenced by hash. */
function* nodesTo(
  source: NodeSource,
  root: Uint8Array,
  key: Uint8Array
): Generator<ProofNode, void, undefined> {
  assertKeyLength(key)
  const nibbles = bytesToNibbles(key)
  let reference = isEmptyRoot(root) ? undefined : root
  for (let depth = 0; reference !== undefined;) {
    const path = nibbles.subarray(0, depth)
    const isStored = isHashReference(reference)
    const encoded = isStored ? readNode(source, path, reference) : reference
    if (isStored) yield { reference, encoded }
    const node = decodeNode(encoded, path)
    reference = nextReference(node, nibbles, depth)
    depth += node.kind === 'branch' ? 1 : node.key.length
  }
}

/** How the next node towards the key is named; undefined where the way ends. */
function nextReference(
  node: TrieNode,
  nibbles: Uint8Array,
  depth: number
): NodeReference | undefined {
  if (node.kind === 'leaf') return undefined
  const { length } = nibbles
  if (node.kind === 'extension') {
    const isShared = sharedLength(node.key, nibbles, depth, length) === node.key.length
    return isShared && node.child instanceof Uint8Array ? node.child : undefined
  }
  const child = depth < length ? node.child(nibbles[depth]!) : undefined
  return child instanceof Uint8Array ? child : undefined
}
