// Ways down a trie through nodes that are known by their hashes, with RLP alone: what a proof has to hold, and no more.
import { type NestedUint8Array, RLP } from '@ethereumjs/rlp'
import { fromHex, toHex, keccak256 } from './block-maker.ts'

/** The root of a trie without entries. */
export const EMPTY_TRIE: Uint8Array = fromHex(
  '56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'
)

/** Nodes by their hash. */
export type NodesByHash = ReadonlyMap<string, Uint8Array>

/** A stored node on the way. */
export interface WayNode {
  /** How many nibbles lie above it. */
  readonly depth: number
  readonly hash: string
  /** Undefined where it is not among the nodes: the way ends there. */
  readonly encoded: Uint8Array | undefined
}

/** Nodes by their hash. */
export function byHash(nodes: readonly Uint8Array[]): NodesByHash {
  return new Map(nodes.map((node) => [toHex(keccak256(node)), node]))
}

/** One nibble a byte. */
export function nibblesOf(key: Uint8Array): Uint8Array {
  return Uint8Array.from([...key].flatMap((byte) => [byte >> 4, byte & 15]))
}

/** The stored nodes from the root towards a path; those in their parents are walked through. Throws where one is none. */
export function wayAlong(
  nodes: NodesByHash,
  root: Uint8Array,
  path: Uint8Array
): readonly WayNode[] {
  const way: WayNode[] = []
  let item: Uint8Array | NestedUint8Array | undefined =
    toHex(root) === toHex(EMPTY_TRIE) ? undefined : root
  let depth = 0
  while (item !== undefined && item.length > 0 && depth <= path.length) {
    if (item instanceof Uint8Array) {
      const hash = toHex(item)
      const encoded = nodes.get(hash)
      way.push({ depth, hash, encoded })
      if (encoded === undefined) break
      item = RLP.decode(encoded)
    }
    const step = stepFrom(item, path, depth)
    item = step.item
    depth = step.depth
  }
  return way
}

function stepFrom(
  item: Uint8Array | NestedUint8Array,
  path: Uint8Array,
  depth: number
): { readonly item: Uint8Array | NestedUint8Array | undefined; readonly depth: number } {
  if (item instanceof Uint8Array) throw new Error('a node that is no list')
  if (item.length === 17) {
    const nibble = path[depth]
    return { item: nibble === undefined ? undefined : item[nibble], depth: depth + 1 }
  }
  const [packed, child] = item
  if (!(packed instanceof Uint8Array) || item.length !== 2) throw new Error('a node of no kind')
  const digits = nibblesOf(packed)
  const flags = digits[0] ?? 0
  const key = digits.subarray(flags % 2 === 1 ? 1 : 2)
  const isOnWay = key.every((nibble, at) => path[depth + at] === nibble)
  // Yellow Paper, appendix C: 0 and 1 are extensions.
  return { item: isOnWay && flags < 2 ? child : undefined, depth: depth + key.length }
}
