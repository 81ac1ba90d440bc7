// Walking a stored trie in key order, without keeping it in memory.
import {
  assertKeyLength,
  bytesToNibbles,
  KEY_BYTES_MAX,
  nibblesToBytes,
  pathKey,
  sharedLength
} from './nibbles.ts'
import { decodeNode } from './node-decode.ts'
import { isEmptyRoot, type NodeSource, readNode } from './node-source.ts'
import {
  type Branch,
  isHashReference,
  type Extension,
  type Leaf,
  type NodeReference,
  type TrieNode
} from './node.ts'
import { TrieError, type TrieFailure } from './trie-error.ts'

/**
 * An entry; or a stored node, ahead of all that is below it. Paths have one nibble a byte. A step's arrays
 * are its own, but for what is stored, which must not be changed.
 */
export type WalkStep =
  | { readonly kind: 'node'; readonly path: Uint8Array; readonly encoded: Uint8Array }
  | { readonly kind: 'entry'; readonly key: Uint8Array; readonly value: Uint8Array }

/** Where a walk begins and ends. */
export interface WalkOptions {
  /** Leaves out entries with lower keys, and nodes that have nothing else below them. */
  readonly origin?: Uint8Array
  /** Takes each failure, and the walk goes on beside that node. When absent, the first one is thrown. */
  readonly onFailure?: (failure: TrieFailure) => void
}

/** An entry of a trie, as the walk has it. */
export type TrieEntry = Extract<WalkStep, { readonly kind: 'entry' }>

/**
 * All stored nodes and entries of the trie with this root, in key order, each node checked when it is
 * read. Holds one path of nodes; stop it at any step. Throws TrieError.
 */
export function* walkTrie(
  source: NodeSource,
  root: Uint8Array,
  { origin, onFailure }: WalkOptions = {}
): Generator<WalkStep, void, undefined> {
  if (isEmptyRoot(root)) return
  if (origin !== undefined) assertKeyLength(origin)
  const walk = new Walk(
    source,
    origin === undefined ? undefined : bytesToNibbles(origin),
    onFailure
  )
  yield* walk.below(root, 0, origin !== undefined, false)
}

/** The entries from `origin` on (all, when absent), in key order, as walkTrie has them. */
export function* iterateEntries(
  source: NodeSource,
  root: Uint8Array,
  origin?: Uint8Array
): Generator<TrieEntry, void, undefined> {
  for (const step of walkTrie(source, root, origin === undefined ? {} : { origin })) {
    if (step.kind === 'entry') yield step
  }
}

const PATH_LENGTH_MAX = 2 * KEY_BYTES_MAX
const NO_NIBBLES = new Uint8Array(0)

interface ReadNode {
  readonly node: TrieNode
  readonly encoded: Uint8Array
}

type Steps = Generator<WalkStep, void, undefined>

class Walk {
  readonly #source: NodeSource
  readonly #origin: Uint8Array
  readonly #onFailure: ((failure: TrieFailure) => void) | undefined
  readonly #path = new Uint8Array(PATH_LENGTH_MAX)

  constructor(
    source: NodeSource,
    origin: Uint8Array | undefined,
    onFailure: ((failure: TrieFailure) => void) | undefined
  ) {
    this.#source = source
    this.#origin = origin ?? NO_NIBBLES
    this.#onFailure = onFailure
  }

  /**
   * The node that stands at `depth` of the path, and all below it. `isEdge`: the path so far is the
   * origin's, so some of it may come before the origin. `isExtended`: the parent is an extension.
   */
  *below(reference: NodeReference, depth: number, isEdge: boolean, isExtended: boolean): Steps {
    const read = this.#read(reference, depth, isExtended)
    if (read === undefined) return
    const { encoded, node } = read
    if (encoded !== reference) yield { kind: 'node', path: this.#path.slice(0, depth), encoded }
    if (node.kind === 'branch') yield* this.#belowBranch(node, depth, isEdge)
    else yield* this.#belowKey(node, depth, isEdge)
  }

  *#belowBranch(branch: Branch, depth: number, isEdge: boolean): Steps {
    const originNibble = isEdge ? (this.#origin[depth] ?? -1) : -1
    if (branch.value !== undefined && originNibble < 0) yield this.#entry(depth, branch.value)
    for (const [nibble, child] of branch.encodedChildren().entries()) {
      if (child === undefined || nibble < originNibble) continue
      this.#path[depth] = nibble
      yield* this.below(child, depth + 1, nibble === originNibble, false)
    }
  }

  *#belowKey(node: Leaf | Extension, depth: number, isEdge: boolean): Steps {
    const { key } = node
    const end = depth + key.length
    const shared = isEdge ? sharedLength(key, this.#origin, depth, this.#origin.length) : 0
    // Where the origin ends within the key, the key is above it.
    const originNibble = isEdge ? (this.#origin[depth + shared] ?? -1) : -1
    if (shared < key.length && key[shared]! < originNibble) return
    this.#path.set(key, depth)
    if (node.kind === 'leaf') {
      if (shared < key.length || originNibble < 0) yield this.#entry(end, node.value)
    } else if (node.child instanceof Uint8Array) {
      yield* this.below(node.child, end, isEdge && shared === key.length, true)
    }
  }

  #entry(length: number, value: Uint8Array): WalkStep {
    return { kind: 'entry', key: nibblesToBytes(this.#path, length), value }
  }

  /** The checked node at `depth`; undefined when its failure was taken. */
  #read(reference: NodeReference, depth: number, isExtended: boolean): ReadNode | undefined {
    const path = this.#path.subarray(0, depth)
    try {
      const encoded = isHashReference(reference)
        ? readNode(this.#source, path, reference)
        : reference
      const node = decodeNode(encoded, path)
      if (!isInPlace(node, depth, isExtended)) {
        throw new TrieError({ code: 'node-malformed', path: pathKey(path) })
      }
      return { node, encoded }
    } catch (thrown) {
      if (!(thrown instanceof TrieError) || this.#onFailure === undefined) throw thrown
      this.#onFailure(thrown.failure)
      return undefined
    }
  }
}

/** False when the node cannot stand at `depth`, below an extension or not. */
function isInPlace(node: TrieNode, depth: number, isExtended: boolean): boolean {
  if (node.kind === 'branch')
    return depth < PATH_LENGTH_MAX && (node.value === undefined || depth % 2 === 0)
  const end = depth + node.key.length
  return !isExtended && end <= PATH_LENGTH_MAX && (node.kind === 'extension' || end % 2 === 0)
}
