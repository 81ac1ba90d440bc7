// Checking that a run of entries is all that a trie has from an origin on (snap/1, "AccountRange").
import { bytesToHex, compareBytes, equalBytes, type Hex } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { NodeError } from '../base/node-error.ts'
import { assertKeyLength, bytesToNibbles, KEY_BYTES_MAX, pathKey, sharedLength } from './nibbles.ts'
import { decodeNode } from './node-decode.ts'
import { isEmptyRoot } from './node-source.ts'
import { type Branch, isHashReference, type NodeReference } from './node.ts'
import { type NodeSink, TrieBuilder, type TrieBuilderOptions } from './trie-builder.ts'
import { TrieError } from './trie-error.ts'

/** What is claimed: between `origin` and the last key, the trie with this root has these entries and no others. */
export interface RangeClaim {
  readonly root: Uint8Array
  /** The lowest key that the range may have. */
  readonly origin: Uint8Array
  /** Of the keys at or above it, only the first may be there; no limit when absent. */
  readonly limit?: Uint8Array
  /** Ascending. None: the trie has no key at or above the origin. */
  readonly keys: readonly Uint8Array[]
  readonly values: readonly Uint8Array[]
  /** RLP of nodes in any order: those on the way to the origin and to the last key. None: the entries are the whole trie. */
  readonly proof: readonly Uint8Array[]
  /** Takes the nodes between the edges, children before parents, with all that is below them; before the claim is known to be true. */
  readonly onNode?: NodeSink | undefined
}

/**
 * Why a claim is refused. Indexes count the keys; `path` is that of a subtree whose hash the entries do
 * not give, one hex digit a nibble.
 */
export type RangeFailure =
  | {
      readonly code: 'range-lengths-differ'
      readonly keysCount: number
      readonly valuesCount: number
    }
  | { readonly code: 'range-key-out-of-order'; readonly index: number }
  | { readonly code: 'range-key-before-origin'; readonly index: number }
  | { readonly code: 'range-key-past-limit'; readonly index: number }
  | { readonly code: 'range-value-empty'; readonly index: number }
  | { readonly code: 'range-mismatch'; readonly path: string }
  | { readonly code: 'range-key-foreign'; readonly index: number }
  | { readonly code: 'proof-node-missing'; readonly path: string; readonly hash: Hex }
  | { readonly code: 'proof-node-malformed'; readonly path: string }
  | { readonly code: 'proof-nodes-unused'; readonly unusedCount: number }

/** Thrown when a range is not what its sender claims: the sender is to blame. */
export class RangeProofError extends NodeError<RangeFailure> {}

/** What a sound range says beyond its entries. */
export interface RangeVerdict {
  /** True when the trie has keys above the last one. */
  readonly hasMore: boolean
}

/**
 * Checks a claim to the last byte: every key of the range is there, with its value, nothing is added, and
 * every node of the proof is needed. In steps of a millisecond or so. Throws RangeProofError, and RangeError when a key is
 * too long.
 */
export function* verifyRangeInSteps(claim: RangeClaim): Generator<void, RangeVerdict, undefined> {
  const paths = yield* checkEntries(claim)
  if (claim.proof.length === 0) {
    const tree = new TrieBuilder(claim.onNode && { onNode: claim.onNode })
    for (const [index, path] of paths.entries()) {
      tree.add(path, claim.values[index]!)
      if (index % STEP_ENTRIES === STEP_ENTRIES - 1) yield
    }
    if (!equalBytes(tree.finish(), claim.root)) refuse({ code: 'range-mismatch', path: '' })
    return { hasMore: false }
  }
  const check = new RangeCheck(claim, paths)
  try {
    return yield* check.run(claim.root)
  } catch (thrown) {
    if (!(thrown instanceof TrieError) || thrown.failure.code !== 'node-malformed') throw thrown
    const { path } = thrown.failure
    throw new RangeProofError({ code: 'proof-node-malformed', path }, { cause: thrown })
  }
}

/** Order, bounds and values of the entries, and how many nodes their edges can have; returns the keys as nibbles. */
function* checkEntries({
  origin,
  limit,
  keys,
  values,
  proof
}: RangeClaim): Generator<void, readonly Uint8Array[], undefined> {
  if (keys.length !== values.length) {
    const counts = { keysCount: keys.length, valuesCount: values.length }
    refuse({ code: 'range-lengths-differ', ...counts })
  }
  assertKeyLength(origin)
  const edgesMax = nodesMax(origin) + nodesMax(keys.at(-1) ?? origin)
  if (proof.length > edgesMax) {
    refuse({ code: 'proof-nodes-unused', unusedCount: proof.length - edgesMax })
  }
  const paths: Uint8Array[] = []
  let before: Uint8Array | undefined
  for (const [index, key] of keys.entries()) {
    assertKeyLength(key)
    if (before !== undefined && compareBytes(before, key) >= 0) {
      refuse({ code: 'range-key-out-of-order', index })
    }
    if (compareBytes(key, origin) < 0) refuse({ code: 'range-key-before-origin', index })
    if (limit !== undefined && before !== undefined && compareBytes(before, limit) >= 0) {
      refuse({ code: 'range-key-past-limit', index })
    }
    if (values[index]!.length === 0) refuse({ code: 'range-value-empty', index })
    before = key
    paths.push(bytesToNibbles(key))
    if (index % STEP_ENTRIES === STEP_ENTRIES - 1) yield
  }
  return paths
}

/** Nodes on the way to a key: one a nibble, and the leaf. What is more is refused before it is hashed. */
function nodesMax(key: Uint8Array): number {
  return 2 * key.length + 1
}

function refuse(failure: RangeFailure): never {
  throw new RangeProofError(failure)
}

/** Entries that are hashed in one step. */
const STEP_ENTRIES = 128

/** Room for the path of any key. */
const PATH_LENGTH_MAX = 2 * KEY_BYTES_MAX

/**
 * Goes down both edges through the proof. What lies between them is not in the proof: it must have the
 * hash that the given entries have there. So each hash of the trie is either followed, compared, or
 * outside the range.
 */
class RangeCheck {
  readonly #origin: Uint8Array
  /** Nibbles of the last key; undefined when there is none, and the range has no end. */
  readonly #last: Uint8Array | undefined
  readonly #paths: readonly Uint8Array[]
  readonly #values: readonly Uint8Array[]
  readonly #proof = new Map<string, Uint8Array>()
  readonly #proofCount: number
  readonly #used = new Set<string>()
  readonly #path = new Uint8Array(PATH_LENGTH_MAX)
  readonly #sink: Pick<TrieBuilderOptions, 'onNode'>
  /** The first entry that was not met yet. */
  #next = 0
  #hasMore = false

  constructor({ origin, values, proof, onNode }: RangeClaim, paths: readonly Uint8Array[]) {
    this.#sink = onNode === undefined ? {} : { onNode }
    this.#origin = bytesToNibbles(origin)
    this.#last = paths.at(-1)
    this.#paths = paths
    this.#values = values
    this.#proofCount = proof.length
    for (const encoded of proof) this.#proof.set(latin1(keccak256(encoded)), encoded)
  }

  *run(root: Uint8Array): Generator<void, RangeVerdict, undefined> {
    if (!isEmptyRoot(root)) yield* this.#follow(root, 0, false)
    if (this.#next < this.#paths.length) refuse({ code: 'range-key-foreign', index: this.#next })
    const unusedCount = this.#proofCount - this.#used.size
    if (unusedCount > 0) refuse({ code: 'proof-nodes-unused', unusedCount })
    return { hasMore: this.#hasMore }
  }

  /** A subtree whose first `depth` nibbles are in the path. */
  *#visit(
    reference: NodeReference,
    depth: number,
    isExtended: boolean
  ): Generator<void, void, undefined> {
    const toOrigin = this.#relate(depth, this.#origin)
    const toLast = this.#last === undefined ? -1 : this.#relate(depth, this.#last)
    if (toOrigin < 0) return
    if (toOrigin === 0 || toLast === 0) yield* this.#follow(reference, depth, isExtended)
    else if (toLast > 0) this.#hasMore = true
    else yield* this.#compare(reference, depth)
  }

  /** 0 when the key starts with the first `depth` nibbles of the path; else whether those come before it (-1) or after. */
  #relate(depth: number, key: Uint8Array): number {
    const shared = sharedLength(key, this.#path, 0, depth)
    if (shared === depth) return 0
    return shared < key.length && this.#path[shared]! < key[shared]! ? -1 : 1
  }

  /** A subtree on an edge: some of it may be outside. */
  *#follow(
    reference: NodeReference,
    depth: number,
    isExtended: boolean
  ): Generator<void, void, undefined> {
    const path = this.#path.subarray(0, depth)
    const node = decodeNode(this.#read(reference, path), path)
    const end = node.kind === 'branch' ? depth + 1 : depth + node.key.length
    if (end > PATH_LENGTH_MAX || (isExtended && node.kind !== 'branch')) {
      refuse({ code: 'proof-node-malformed', path: pathKey(path) })
    }
    if (node.kind === 'branch') {
      yield* this.#followBranch(node, depth)
      return
    }
    this.#path.set(node.key, depth)
    if (node.kind === 'leaf') this.#meet(end, node.value)
    else if (node.child instanceof Uint8Array) yield* this.#visit(node.child, end, true)
  }

  *#followBranch(branch: Branch, depth: number): Generator<void, void, undefined> {
    if (branch.value !== undefined) this.#meet(depth, branch.value)
    for (const [nibble, child] of branch.encodedChildren().entries()) {
      if (child === undefined) continue
      this.#path[depth] = nibble
      yield* this.#visit(child, depth + 1, false)
    }
  }

  /** A node of the proof; where it is embedded, the reference itself. */
  #read(reference: NodeReference, path: Uint8Array): Uint8Array {
    if (!isHashReference(reference)) return reference
    const key = latin1(reference)
    const encoded = this.#proof.get(key)
    this.#used.add(key)
    return (
      encoded ??
      refuse({ code: 'proof-node-missing', path: pathKey(path), hash: bytesToHex(reference) })
    )
  }

  /** An entry of the trie on an edge, whose key is the first `length` nibbles of the path. */
  #meet(length: number, value: Uint8Array): void {
    const path = this.#path.subarray(0, length)
    if (compareBytes(path, this.#origin) < 0) return
    if (this.#last !== undefined && compareBytes(path, this.#last) > 0) {
      this.#hasMore = true
      return
    }
    const index = this.#next++
    const isGiven = index < this.#paths.length && equalBytes(this.#paths[index]!, path)
    if (!isGiven || !equalBytes(this.#values[index]!, value)) {
      refuse({ code: 'range-mismatch', path: pathKey(path) })
    }
  }

  /** A subtree between the edges: the entries below it must give how its parent names it. */
  *#compare(reference: NodeReference, depth: number): Generator<void, void, undefined> {
    const tree = new TrieBuilder({ startDepth: depth, ...this.#sink })
    while (this.#next < this.#paths.length) {
      const path = this.#paths[this.#next]!
      if (sharedLength(path, this.#path, 0, depth) < depth) break
      tree.add(path, this.#values[this.#next]!)
      this.#next++
      if (this.#next % STEP_ENTRIES === 0) yield
    }
    const given = tree.finishReference()
    if (given === undefined || !equalBytes(given, reference)) {
      refuse({ code: 'range-mismatch', path: pathKey(this.#path, depth) })
    }
  }
}

function latin1(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.length).toString('latin1')
}
