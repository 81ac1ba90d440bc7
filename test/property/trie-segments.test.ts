// A trie that is built in sixteen segments: node for node what a trie of all its entries has.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { bytesToHex } from '../../src/base/bytes.ts'
import { createSegmentBuilder, joinSegments } from '../../src/trie/join-segments.ts'
import { bytesToNibbles, pathKey } from '../../src/trie/nibbles.ts'
import { EMPTY_ROOT } from '../../src/trie/node-source.ts'
import { type NodeSink, TrieBuilder } from '../../src/trie/trie-builder.ts'
import '../support/fast-check-seed.ts'
import { keysOfOneLength, trieValue } from '../support/trie-arbitraries.ts'
import { oracleOf } from '../support/trie-oracle.ts'

type Entry = readonly [key: Uint8Array, value: Uint8Array]

/** Short keys have embedded nodes; those whose first nibbles are few have roots without a branch. */
const entries: fc.Arbitrary<readonly Entry[]> = fc
  .tuple(
    fc.oneof(
      keysOfOneLength,
      fc.uniqueArray(
        fc.uint8Array({ minLength: 1, maxLength: 1 }).filter(([first]) => first! >> 4 === 7),
        { minLength: 1, maxLength: 16, selector: String }
      ),
      keysOfOneLength.map((keys) => keys.filter((key) => key[0]! >> 4 === keys[0]![0]! >> 4))
    ),
    fc.array(trieValue, { minLength: 40, maxLength: 40 })
  )
  .map(([keys, values]) =>
    [...keys]
      .sort((one, other) => Buffer.compare(one, other))
      .map((key, index) => [key, values[index]!] as const)
  )

/** A sink, and what came into it by path. */
function collect(): { readonly nodes: Map<string, string>; readonly onNode: NodeSink } {
  const nodes = new Map<string, string>()
  const onNode: NodeSink = (path, encoded) => {
    assert.equal(nodes.has(pathKey(path)), false, 'each node comes once')
    nodes.set(pathKey(path), bytesToHex(encoded))
  }
  return { nodes, onNode }
}

function inSegments(all: readonly Entry[]) {
  const { nodes, onNode } = collect()
  const tops = Array.from({ length: 16 }, (_, nibble) => {
    const builder = createSegmentBuilder(onNode)
    for (const [key, value] of all) {
      if (key[0]! >> 4 === nibble) builder.add(bytesToNibbles(key), value)
    }
    return builder.finishNode()
  })
  return { root: bytesToHex(joinSegments(tops, onNode)), nodes }
}

describe('a trie in segments', () => {
  it('has the root of @ethereumjs/mpt and the nodes of a trie that is built at once', async () => {
    await fc.assert(
      fc.asyncProperty(entries, async (all) => {
        const { root, nodes } = inSegments(all)
        const oracle = await oracleOf(all.map(([key, value]) => [bytesToHex(key), value] as const))
        assert.equal(root, bytesToHex(oracle.root()))
        const whole = collect()
        const builder = new TrieBuilder({ onNode: whole.onNode })
        for (const [key, value] of all) builder.add(bytesToNibbles(key), value)
        assert.equal(bytesToHex(builder.finish()), root)
        assert.deepEqual(new Map([...nodes].sort()), new Map([...whole.nodes].sort()))
      }),
      { numRuns: 200 }
    )
  })

  it('without entries has the empty root, and no node', () => {
    assert.deepEqual(inSegments([]), { root: bytesToHex(EMPTY_ROOT), nodes: new Map() })
  })

  it('has sixteen segments and no other number', () => {
    assert.throws(() => joinSegments([], () => undefined), RangeError)
  })
})
