// What @ethereumjs/mpt says of a trie: its root, and every node that is reached from it, by path.
import assert from 'node:assert/strict'
import { createMPT, type MerklePatriciaTrie } from '@ethereumjs/mpt'
import { type NestedUint8Array, RLP } from '@ethereumjs/rlp'
import { bytesToHex, equalBytes, type Hex, hexToBytes } from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { type MemoryNodes } from './memory-nodes.ts'
import { EMPTY_ROOT } from '../../src/trie/trie.ts'

/** An empty trie of the oracle, with our keccak. */
export async function createOracle(): Promise<MerklePatriciaTrie> {
  return createMPT({ useKeyHashingFunction: keccak256 })
}

/** The oracle's trie of these entries, keys as 0x-hex. */
export async function oracleOf(
  entries: Iterable<readonly [key: string, value: Uint8Array]>
): Promise<MerklePatriciaTrie> {
  const oracle = await createOracle()
  for (const [key, value] of entries) await oracle.put(hexToBytes(key), value)
  return oracle
}

/** Asserts that `nodes` holds each node of the oracle's trie that is stored, at its path, and no other. */
export async function assertSameNodes(
  nodes: MemoryNodes,
  oracle: MerklePatriciaTrie
): Promise<void> {
  const held = new Map([...nodes.entries()].map(([path, encoded]) => [path, bytesToHex(encoded)]))
  assert.deepEqual(sorted(held), sorted(await nodesByPath(oracle)))
}

/** The stored nodes of the oracle's trie by path, one hex digit a nibble. */
async function nodesByPath(oracle: MerklePatriciaTrie): Promise<Map<string, Hex>> {
  const nodes = new Map<string, Hex>()
  const visit = async (reference: Uint8Array | NestedUint8Array, path: string) => {
    let items = reference
    if (reference instanceof Uint8Array) {
      const encoded = await oracle.database().get(reference)
      assert.ok(encoded, `the oracle lacks its node at '${path}'`)
      nodes.set(path, bytesToHex(encoded))
      items = RLP.decode(encoded)
    }
    assert.ok(Array.isArray(items))
    if (items.length === 17) {
      for (const [nibble, child] of items.slice(0, 16).entries()) {
        if (child.length > 0) await visit(child, path + nibble.toString(16))
      }
      return
    }
    const [key, child] = items
    assert.ok(key instanceof Uint8Array && child !== undefined)
    const digits = bytesToHex(key).slice(2)
    const flags = Number.parseInt(digits[0]!, 16)
    // Yellow Paper, appendix C: 2 and 3 are leaves, 1 and 3 have an odd number of nibbles.
    if (flags < 2) await visit(child, path + digits.slice(flags === 1 ? 1 : 2))
  }
  if (!equalBytes(oracle.root(), EMPTY_ROOT)) await visit(oracle.root(), '')
  return nodes
}

function sorted<Value>(map: ReadonlyMap<string, Value>): [string, Value][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1))
}
