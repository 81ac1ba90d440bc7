// Where nodes come from: a store keyed by path, every answer of which is checked.
import { bytesToHex, equalBytes } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { pathKey } from './nibbles.ts'
import { decodeNode } from './node-decode.ts'
import { type Branch, isHashReference, type NodeReference, type TrieNode } from './node.ts'
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

/** The RLP that the source has at `path`, once its keccak-256 proved to be `hash`. Throws TrieError. */
export function readNode(source: NodeSource, path: Uint8Array, hash: Uint8Array): Uint8Array {
  const encoded = source.node(path)
  if (encoded === undefined) {
    throw new TrieError({ code: 'node-missing', path: pathKey(path), hash: bytesToHex(hash) })
  }
  const got = keccak256(encoded)
  // Hashes are compared by hand: this is hot, and shorter than a call that leaves JavaScript.
  for (let at = 0; at < got.length; at++) {
    if (got[at] !== hash[at]) throw mismatch(path, hash, got)
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

function mismatch(path: Uint8Array, expected: Uint8Array, got: Uint8Array): TrieError {
  return new TrieError({
    code: 'node-hash-mismatch',
    path: pathKey(path),
    expected: bytesToHex(expected),
    got: bytesToHex(got)
  })
}
