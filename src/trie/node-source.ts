// Where nodes come from: a store keyed by path, every answer of which is checked.
import { bytesToHex, equalBytes } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { pathKey } from './nibbles.ts'
import { decodeNode } from './node-decode.ts'
import {
  type Branch,
  HASH_PREFIX,
  HASH_REFERENCE_BYTES,
  type NodeReference,
  type TrieNode
} from './node.ts'
import { TrieError } from './trie-error.ts'

/**
 * Nodes of one trie by their place. `path` has one nibble a byte, from the root, and is lent for the
 * call: copy it to keep it. The answer is the RLP of the node that stands there, which must not change
 * afterwards, or undefined. Only nodes that their parent references by hash (32 bytes and more) have
 * one, and the root whatever its size; smaller ones are part of their parent.
 */
export interface NodeSource {
  node(path: Uint8Array): Uint8Array | undefined
}

/** The keccak-256 of the RLP of an empty string: the root of a trie without entries. */
export const EMPTY_ROOT: Uint8Array = keccak256(Uint8Array.of(0x80))

/** True when the root is that of a trie without entries. */
export function isEmptyRoot(root: Uint8Array): boolean {
  return equalBytes(root, EMPTY_ROOT)
}

/** How a parent would name a node with this hash. */
export function hashReference(hash: Uint8Array): NodeReference {
  const reference = new Uint8Array(HASH_REFERENCE_BYTES)
  reference[0] = HASH_PREFIX
  reference.set(hash, 1)
  return reference
}

/** True when the reference is a hash, false when it is the node itself. */
export function isHashReference(reference: NodeReference): boolean {
  return reference[0] === HASH_PREFIX
}

/** The RLP that the source has at `path`, once its hash proved to be the one that the reference names. Throws TrieError. */
export function readNode(
  source: NodeSource,
  path: Uint8Array,
  reference: NodeReference
): Uint8Array {
  const encoded = source.node(path)
  if (encoded === undefined) {
    const hash = bytesToHex(reference.subarray(1))
    throw new TrieError({ code: 'node-missing', path: pathKey(path), hash })
  }
  const got = keccak256(encoded)
  for (let at = 0; at < got.length; at++) {
    if (got[at] !== reference[at + 1]) throw mismatch(path, reference, got)
  }
  return encoded
}

/** The node that a reference names, read from the source or out of the reference. Throws TrieError. */
export function resolveNode(
  source: NodeSource,
  path: Uint8Array,
  reference: NodeReference
): TrieNode {
  const isStored = isHashReference(reference)
  const node = decodeNode(isStored ? readNode(source, path, reference) : reference, path)
  node.reference = reference
  node.isStored = isStored
  return node
}

/** As resolveNode, for the child of an extension, which is a branch. */
export function resolveExtended(
  source: NodeSource,
  path: Uint8Array,
  reference: NodeReference
): Branch {
  const node = resolveNode(source, path, reference)
  if (node.kind === 'branch') return node
  throw new TrieError({ code: 'node-malformed', path: pathKey(path) })
}

function mismatch(path: Uint8Array, reference: NodeReference, got: Uint8Array): TrieError {
  return new TrieError({
    code: 'node-hash-mismatch',
    path: pathKey(path),
    expected: bytesToHex(reference.subarray(1)),
    got: bytesToHex(got)
  })
}
