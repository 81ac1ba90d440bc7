// From the RLP of a node to the node. Only what a canonical trie can hold is let in.
import {
  Branch,
  BRANCH_WIDTH,
  Extension,
  Leaf,
  readReference,
  referenceEnd,
  type TrieNode
} from './node.ts'
import { pathKey } from './nibbles.ts'
import { contentStart, isList, itemEnd, listStart, STRING_START } from './rlp-item.ts'
import { TrieError } from './trie-error.ts'

/** Bits of a compact key's first nibble: the key is a leaf's; it has an odd number of nibbles. */
const LEAF_FLAG = 2
const ODD_FLAG = 1

/**
 * The node with this RLP. Its parts are views of `encoded`, which must not change. `path` is where it
 * stands, for the failure. Throws TrieError `node-malformed` when the bytes are no canonical node.
 */
export function decodeNode(encoded: Uint8Array, path: Uint8Array): TrieNode {
  const start = listStart(encoded)
  const node = start < 0 ? undefined : decodeItems(encoded, start)
  if (node === undefined) throw new TrieError({ code: 'node-malformed', path: pathKey(path) })
  return node
}

function decodeItems(encoded: Uint8Array, start: number): TrieNode | undefined {
  const firstEnd = itemEnd(encoded, start)
  const secondEnd = firstEnd < 0 ? -1 : itemEnd(encoded, firstEnd)
  if (secondEnd < 0) return undefined
  return secondEnd === encoded.length
    ? decodeShort(encoded, start, firstEnd)
    : decodeBranch(encoded, start)
}

function decodeBranch(encoded: Uint8Array, start: number): Branch | undefined {
  let at = start
  let presentCount = 0
  for (let nibble = 0; nibble < BRANCH_WIDTH; nibble++) {
    const end = at < encoded.length ? referenceEnd(encoded, at) : -1
    if (end < 0) return undefined
    if (end - at > 1) presentCount++
    at = end
  }
  if (itemEnd(encoded, at) !== encoded.length || isList(encoded, at)) return undefined
  const hasValue = encoded[at] !== STRING_START
  if (presentCount + (hasValue ? 1 : 0) < 2) return undefined
  const value = hasValue ? encoded.subarray(contentStart(encoded, at)) : undefined
  return new Branch(encoded, start, value)
}

/** A leaf or an extension: a compact key from `start` to `keyEnd`, and a value or a child. */
function decodeShort(
  encoded: Uint8Array,
  start: number,
  keyEnd: number
): Leaf | Extension | undefined {
  if (isList(encoded, start)) return undefined
  const at = contentStart(encoded, start)
  const flags = at < keyEnd ? encoded[at]! >> 4 : -1
  if (flags < 0 || flags > (LEAF_FLAG | ODD_FLAG)) return undefined
  if ((flags & ODD_FLAG) === 0 && (encoded[at]! & 15) !== 0) return undefined
  const key = expandKey(encoded, at, keyEnd, (flags & ODD_FLAG) !== 0)
  if ((flags & LEAF_FLAG) !== 0) {
    const valueStart = contentStart(encoded, keyEnd)
    if (isList(encoded, keyEnd) || valueStart === encoded.length) return undefined
    return new Leaf(key, encoded.subarray(valueStart))
  }
  if (key.length === 0 || referenceEnd(encoded, keyEnd) !== encoded.length) return undefined
  const child = readReference(encoded, keyEnd, encoded.length)
  return child && new Extension(key, child)
}

/** The nibbles of a compact key that stands from `at` to `end`. */
function expandKey(encoded: Uint8Array, at: number, end: number, isOdd: boolean): Uint8Array {
  const key = new Uint8Array(2 * (end - at - 1) + (isOdd ? 1 : 0))
  let written = 0
  if (isOdd) key[written++] = encoded[at]! & 15
  for (let read = at + 1; read < end; read++) {
    key[written++] = encoded[read]! >> 4
    key[written++] = encoded[read]! & 15
  }
  return key
}
