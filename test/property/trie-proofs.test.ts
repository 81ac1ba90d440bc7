// Proofs of single keys: the nodes that @ethereumjs/mpt gives, and what it concludes from ours.
import assert from 'node:assert/strict'
import { createMerkleProof, verifyMerkleProof } from '@ethereumjs/mpt'
import fc from 'fast-check'
import { bytesToHex } from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { proveKey } from '../../src/trie/proof.ts'
import { TrieError } from '../../src/trie/trie-error.ts'
import { createTrie, EMPTY_ROOT } from '../../src/trie/trie.ts'
import '../support/fast-check-seed.ts'
import { MemoryNodes } from '../support/memory-nodes.ts'
import { keysOfAnyLength, keysOfOneLength, trieValue } from '../support/trie-arbitraries.ts'
import { oracleOf } from '../support/trie-oracle.ts'

interface Case {
  readonly present: ReadonlyMap<string, Uint8Array>
  readonly absent: readonly Uint8Array[]
}

/** Every second key is in the trie, the others are looked for in vain, among their neighbours. */
function casesOf(keys: fc.Arbitrary<readonly Uint8Array[]>): fc.Arbitrary<Case> {
  return fc
    .tuple(keys, fc.array(trieValue, { minLength: 20, maxLength: 20 }))
    .map(([all, values]) => {
      const held = all.filter((_, index) => index % 2 === 0)
      const present = new Map(held.map((key, index) => [bytesToHex(key), values[index % 20]!]))
      return { present, absent: all.filter((_, index) => index % 2 === 1) }
    })
}

function build(entries: ReadonlyMap<string, Uint8Array>) {
  const nodes = new MemoryNodes()
  const trie = createTrie(nodes, EMPTY_ROOT)
  for (const [key, value] of entries) trie.put(Buffer.from(key.slice(2), 'hex'), value)
  const commit = trie.commit()
  nodes.apply(commit)
  return { nodes, root: commit.root }
}

const hexOf = (nodes: readonly Uint8Array[]) => nodes.map(bytesToHex)

describe('a proof of one key', () => {
  for (const [what, keys, isProvable] of [
    ['keys of one length', keysOfOneLength, true],
    // The oracle does not prove keys that are prefixes of others; that we find what is there is held all the same.
    ['keys of any length', keysOfAnyLength, false]
  ] as const) {
    it(`shows what is there and what is not, for ${what}`, async () => {
      await fc.assert(
        fc.asyncProperty(casesOf(keys), async ({ present, absent }) => {
          const { nodes, root } = build(present)
          const trie = createTrie(nodes, root)
          const oracle = await oracleOf(present)
          const held = [...present.keys()].map((key) => Buffer.from(key.slice(2), 'hex'))
          for (const key of [...held, ...absent]) {
            const proof = proveKey(nodes, root, key)
            assert.deepEqual(proof.value, trie.get(key))
            if (!isProvable) continue
            const opts = { useKeyHashingFunction: keccak256, root }
            const value = await verifyMerkleProof(key, [...proof.nodes], opts)
            assert.deepEqual(value ?? undefined, present.get(bytesToHex(key)))
            if (!present.has(bytesToHex(key))) continue
            // The oracle lists nodes that stand in their parent, too: those are none of an EIP-1186 proof.
            const all = await createMerkleProof(oracle, key)
            const stored = all.filter((node, index) => index === 0 || node.length >= 32)
            assert.deepEqual(hexOf(proof.nodes), hexOf(stored))
          }
        }),
        { numRuns: 40 }
      )
    })
  }
  it('of an empty trie has no nodes', () => {
    const nothing = { nodes: [], value: undefined }
    assert.deepEqual(proveKey(new MemoryNodes(), EMPTY_ROOT, Uint8Array.of(1)), nothing)
  })
  it('is none where a node is missing or is not what its parent names', () => {
    const key = keccak256(Uint8Array.of(1))
    const entries = new Map([
      [bytesToHex(key), new Uint8Array(40).fill(1)],
      [bytesToHex(keccak256(Uint8Array.of(2))), new Uint8Array(40).fill(2)]
    ])
    const { nodes, root } = build(entries)
    for (const [bytes, code] of [
      [undefined, 'node-missing'],
      [new Uint8Array(40), 'node-hash-mismatch']
    ] as const) {
      const source = { node: (path: Uint8Array) => (path.length > 0 ? bytes : nodes.node(path)) }
      assert.throws(
        () => proveKey(source, root, key),
        (thrown) => thrown instanceof TrieError && thrown.failure.code === code
      )
    }
  })
})
