// Nodes of one trie in memory, for what is never stored and for tests.
import { type TrieCommit } from '../../src/trie/commit.ts'
import { pathKey } from '../../src/trie/nibbles.ts'
import { type NodeSource } from '../../src/trie/node-source.ts'

/** A source that commits are put into. Holds as much as they bring. */
export class MemoryNodes implements NodeSource {
  readonly #nodes = new Map<string, Uint8Array>()

  /** How many nodes it holds. */
  get size(): number {
    return this.#nodes.size
  }

  node(path: Uint8Array): Uint8Array | undefined {
    return this.#nodes.get(pathKey(path))
  }

  /** Carries out the writes and deletes of a commit. */
  apply({ nodes }: TrieCommit): void {
    for (const [key, { value }] of nodes) {
      if (value === undefined) this.#nodes.delete(key)
      else this.#nodes.set(key, value)
    }
  }

  /** All nodes by their `pathKey`. */
  entries(): IterableIterator<[key: string, encoded: Uint8Array]> {
    return this.#nodes.entries()
  }
}
