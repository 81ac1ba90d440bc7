// The top of a trie that was built in sixteen segments, one for each first nibble of its keys.
import { keccak256 } from '../base/keccak.ts'
import { decodeNode } from './node-decode.ts'
import { NodeEncoder } from './node-encode.ts'
import { EMPTY_ROOT } from './node-source.ts'
import {
  Branch,
  BRANCH_WIDTH,
  type NodeReference,
  STORED_NODE_BYTES_MIN,
  type TrieNode
} from './node.ts'
import { type NodeSink, TrieBuilder } from './trie-builder.ts'

/** Builds the subtree of the keys with one first nibble; `finishNode` gives what `joinSegments` takes. */
export function createSegmentBuilder(onNode: NodeSink): TrieBuilder {
  return new TrieBuilder({ onNode, startDepth: 1 })
}

/**
 * The root of a trie of which each segment's top node is given by nibble, undefined for one without keys.
 * `onNode` gets the nodes that were held back: tops that are stored where they stand, and the root. A segment that is
 * alone has no branch above it, and a leaf or extension at its top becomes part of the root. Throws TrieError
 * `node-malformed`.
 */
export function joinSegments(
  tops: readonly (Uint8Array | undefined)[],
  onNode: NodeSink
): Uint8Array {
  if (tops.length !== BRANCH_WIDTH) throw new RangeError(`${tops.length} segments`)
  const nibbles = [...tops.keys()].filter((nibble) => tops[nibble] !== undefined)
  const [first] = nibbles
  if (first === undefined) return EMPTY_ROOT
  const root = nibbles.length === 1 ? aloneRoot(first, tops[first]!) : branchRoot()
  onNode(new Uint8Array(0), root)
  return keccak256(root)

  function branchRoot(): Uint8Array {
    const branch = new Branch()
    for (const nibble of nibbles) branch.slots[nibble] = place(nibble, tops[nibble]!)
    return new NodeEncoder().branch(branch)
  }

  function aloneRoot(nibble: number, top: Uint8Array): Uint8Array {
    const path = Uint8Array.of(nibble)
    const node = decodeNode(top, path)
    const encoder = new NodeEncoder()
    if (node.kind === 'branch') return encoder.extension(path, 0, 1, place(nibble, top))
    const key = Uint8Array.of(nibble, ...node.key)
    if (node.kind === 'leaf') return encoder.leaf(key, 0, key.length, node.value)
    return encoder.extension(key, 0, key.length, named(node.child))
  }

  /** How the node above names a top, which is stored unless it is small. */
  function place(nibble: number, top: Uint8Array): NodeReference {
    if (top.length < STORED_NODE_BYTES_MIN) return top
    onNode(Uint8Array.of(nibble), top)
    return keccak256(top)
  }
}

/** A node that was just decoded has its child as it is named. */
function named(child: TrieNode | NodeReference): NodeReference {
  if (child instanceof Uint8Array) return child
  throw new Error('a decoded node has a child in memory')
}
