// Trie nodes and codes out of peers' states: by their place in the state that they are of, or in a newer one that shares them.
import { bytesToHex, hexToBytes, type Hex } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { type NodeSource } from '../trie/node-source.ts'
import { pathKey } from '../trie/nibbles.ts'
import { nodeAtPath } from '../trie/proof.ts'
import { createTrie } from '../trie/trie.ts'
import { TrieError } from '../trie/trie-error.ts'
import { decodeAccount } from './account-codec.ts'

/** A node that is wanted, as its parent in the same state names it. */
export interface PlacedNode {
  /** The address hash whose storage trie it is in; undefined for the account trie. */
  readonly owner: Uint8Array | undefined
  /** One nibble a byte. */
  readonly path: Uint8Array
  readonly hash: Uint8Array
}

/** Who serves states. What it brings has the hash that was asked for. */
export interface EntrySource {
  /** True while nobody is there to ask and nobody will come. */
  isHopeless(): boolean
  /** State roots that verified headers name, newer than what may be damaged here. At most a few. */
  newerRoots(): readonly Uint8Array[]
  /** One for each that is wanted, at most 256; undefined where nobody serves it now. Rejects when the signal aborts. */
  nodes(
    root: Uint8Array,
    wanted: readonly PlacedNode[],
    signal: AbortSignal
  ): Promise<readonly (Uint8Array | undefined)[]>
  /** Undefined where nobody serves it now. Rejects when the signal aborts. */
  code(codeHash: Uint8Array, signal: AbortSignal): Promise<Uint8Array | undefined>
}

/** Nodes on one way down: of the account trie, and of a storage trie. */
const WAY_NODES_MAX = 2 * 65

/** The hex digits of a path as nibbles, one a byte. */
export function toNibbles(path: string): Uint8Array {
  return Uint8Array.from(path, (digit) => Number.parseInt(digit, 16))
}

/**
 * A node of the state with this root; where nobody serves that state any more, the same node out of a newer one that still
 * has it there. Undefined where nobody serves it now.
 */
export async function fetchNode(
  source: EntrySource,
  { root, wanted }: { readonly root: Uint8Array; readonly wanted: PlacedNode },
  signal: AbortSignal
): Promise<Uint8Array | undefined> {
  const [node] = await source.nodes(root, [wanted], signal)
  return node ?? fetchFromNewer(source, wanted, signal)
}

/** Out of newer states alone. */
export async function fetchFromNewer(
  source: EntrySource,
  wanted: PlacedNode,
  signal: AbortSignal
): Promise<Uint8Array | undefined> {
  const expected = bytesToHex(wanted.hash)
  for (const newer of source.newerRoots()) {
    const found = await new Way(source, newer, signal).nodeAt(wanted)
    if (found !== undefined && bytesToHex(keccak256(found)) === expected) return found
  }
  return undefined
}

/** The way down from a root to a place, each node asked for by the hash that the one above it names. */
class Way {
  readonly #source: EntrySource
  readonly #root: Uint8Array
  readonly #signal: AbortSignal

  constructor(source: EntrySource, root: Uint8Array, signal: AbortSignal) {
    this.#source = source
    this.#root = root
    this.#signal = signal
  }

  async nodeAt({ owner, path }: PlacedNode): Promise<Uint8Array | undefined> {
    if (owner === undefined) {
      return this.#read(undefined, (nodes) => nodeAtPath(nodes, this.#root, path))
    }
    const account = await this.#read(undefined, (nodes) => createTrie(nodes, this.#root).get(owner))
    if (account === undefined) return undefined
    const { storageRoot } = decodeAccount(account)
    return this.#read(owner, (nodes) => nodeAtPath(nodes, storageRoot, path))
  }

  /** Reads again with each node that was missing, until none is. Undefined where nobody serves the next one. */
  async #read<T>(
    owner: Uint8Array | undefined,
    read: (nodes: NodeSource) => T | undefined
  ): Promise<T | undefined> {
    const fetched = new Map<string, Uint8Array>()
    for (let nodes = 0; nodes <= WAY_NODES_MAX; nodes++) {
      try {
        return read({ node: (path) => fetched.get(pathKey(path)) })
      } catch (thrown) {
        const missing = missingNode(thrown)
        if (missing === undefined) return undefined
        const wanted = { owner, path: toNibbles(missing.path), hash: hexToBytes(missing.hash) }
        const [node] = await this.#source.nodes(this.#root, [wanted], this.#signal)
        if (node === undefined) return undefined
        fetched.set(missing.path, node)
      }
    }
    return undefined
  }
}

/** Undefined for any other fault of a trie: its bytes are right by their hash, and no node. */
function missingNode(thrown: unknown): { readonly path: string; readonly hash: Hex } | undefined {
  if (!(thrown instanceof TrieError)) throw thrown
  return thrown.failure.code === 'node-missing' ? thrown.failure : undefined
}
