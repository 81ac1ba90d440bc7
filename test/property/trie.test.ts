// Any sequence of writes and deletes, in any number of commits, against @ethereumjs/mpt.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { bytesToHex, equalBytes, hexToBytes } from '../../src/base/bytes.ts'
import { MemoryNodes } from '../support/memory-nodes.ts'
import { bytesToNibbles } from '../../src/trie/nibbles.ts'
import { TrieBuilder } from '../../src/trie/trie-builder.ts'
import { createTrie, EMPTY_ROOT } from '../../src/trie/trie.ts'
import { iterateEntries } from '../../src/trie/trie-walk.ts'
import '../support/fast-check-seed.ts'
import { keysOfAnyLength, keysOfOneLength, trieValue } from '../support/trie-arbitraries.ts'
import { assertSameNodes, createOracle, oracleOf } from '../support/trie-oracle.ts'

interface Operation {
  /** Which of the run's keys. */
  readonly keyIndex: number
  /** Undefined deletes. */
  readonly value: Uint8Array | undefined
}

/** Keys to choose from, and batches of writes and deletes; a trie that is kept on, or made anew, for each. */
interface Run {
  readonly keys: readonly Uint8Array[]
  readonly batches: readonly (readonly Operation[])[]
  readonly isKept: boolean
}

function runOver(keys: fc.Arbitrary<readonly Uint8Array[]>): fc.Arbitrary<Run> {
  const operation = fc.record({
    keyIndex: fc.nat(),
    value: fc.oneof(
      { weight: 2, arbitrary: fc.constant(undefined) },
      { weight: 3, arbitrary: trieValue }
    )
  })
  return fc.record({
    keys,
    batches: fc.array(fc.array(operation, { maxLength: 25 }), { maxLength: 8 }),
    isKept: fc.boolean()
  })
}

/** Carries the run out on our trie; after each commit, the root, the nodes and the entries so far go to `check`. */
async function carryOut(
  { keys, batches, isKept }: Run,
  check: (
    root: Uint8Array,
    nodes: MemoryNodes,
    entries: ReadonlyMap<string, Uint8Array>,
    batch: readonly (readonly [key: Uint8Array, value: Uint8Array | undefined])[]
  ) => Promise<void>
): Promise<void> {
  const nodes = new MemoryNodes()
  const entries = new Map<string, Uint8Array>()
  let root = EMPTY_ROOT
  let trie = createTrie(nodes, root)
  for (const operations of batches) {
    const batch = operations.map(
      ({ keyIndex, value }) => [keys[keyIndex % keys.length]!, value] as const
    )
    for (const [key, value] of batch) {
      if (value === undefined) {
        trie.delete(key)
        entries.delete(bytesToHex(key))
      } else {
        trie.put(key, value)
        entries.set(bytesToHex(key), value)
      }
    }
    for (const key of keys) assert.deepEqual(trie.get(key), entries.get(bytesToHex(key)))
    const commit = trie.commit()
    root = commit.root
    nodes.apply(commit)
    await check(root, nodes, entries, batch)
    if (!isKept) trie = createTrie(nodes, root)
  }
}

describe('trie', () => {
  it('has the root and exactly the nodes of the oracle that did the same', async () => {
    await fc.assert(
      fc.asyncProperty(runOver(keysOfOneLength), async (run) => {
        const oracle = await createOracle()
        await carryOut(run, async (root, nodes, _, batch) => {
          for (const [key, value] of batch) {
            if (value === undefined) await oracle.del(key)
            else await oracle.put(key, value)
          }
          assert.equal(bytesToHex(root), bytesToHex(oracle.root()))
          await assertSameNodes(nodes, oracle)
        })
      }),
      { numRuns: 60 }
    )
  })

  // The oracle builds tries whose keys are prefixes of each other rightly, but loses its way when it
  // deletes from them: it is given the entries that are left.
  it('has the root and exactly the nodes of an oracle with the same entries, prefixes of each other too', async () => {
    await fc.assert(
      fc.asyncProperty(runOver(keysOfAnyLength), async (run) => {
        await carryOut(run, async (root, nodes, entries) => {
          const oracle = await oracleOf(entries)
          assert.equal(bytesToHex(root), bytesToHex(oracle.root()))
          await assertSameNodes(nodes, oracle)
        })
      }),
      { numRuns: 60 }
    )
  })

  it('gives its entries in key order, from any origin', async () => {
    await fc.assert(
      fc.asyncProperty(
        runOver(fc.oneof(keysOfOneLength, keysOfAnyLength)),
        fc.uint8Array({ maxLength: 4 }),
        async (run, origin) => {
          await carryOut(run, async (root, nodes, entries) => {
            for (const from of [undefined, origin, ...run.keys]) {
              const walked = [...iterateEntries(nodes, root, from)]
              const expected = sortedEntries(entries).filter(
                ([key]) => from === undefined || Buffer.compare(key, from) >= 0
              )
              assert.deepEqual(
                walked.map(({ key, value }) => [key, value]),
                expected
              )
            }
          })
        }
      ),
      { numRuns: 30 }
    )
  })

  it('is built from sorted entries node for node', async () => {
    await fc.assert(
      fc.asyncProperty(runOver(fc.oneof(keysOfOneLength, keysOfAnyLength)), async (run) => {
        await carryOut(run, async (root, nodes, entries) => {
          const built = new Map<string, Uint8Array>()
          const builder = new TrieBuilder({
            onNode(path, encoded) {
              const key = Buffer.from(path).toString('hex').replace(/0(.)/g, '$1')
              assert.equal(built.has(key), false)
              built.set(key, encoded)
            }
          })
          for (const [key, value] of sortedEntries(entries)) builder.add(bytesToNibbles(key), value)
          assert.ok(equalBytes(builder.finish(), root))
          assert.deepEqual(new Map([...built].sort()), new Map([...nodes.entries()].sort()))
        })
      }),
      { numRuns: 40 }
    )
  })
})

function sortedEntries(entries: ReadonlyMap<string, Uint8Array>): [Uint8Array, Uint8Array][] {
  return [...entries]
    .map(([key, value]): [Uint8Array, Uint8Array] => [hexToBytes(key), value])
    .sort(([a], [b]) => Buffer.compare(a, b))
}
