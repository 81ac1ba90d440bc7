// A commit in steps: however much changed, each step is short; together they are one commit.
import assert from 'node:assert/strict'
import { bigintToBytes } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { createTrie, EMPTY_ROOT, type Trie, type TrieCommit } from '../../../src/trie/trie.ts'
import { pathKey } from '../../../src/trie/nibbles.ts'

/** Nodes of so many changes, or so many places that are gone, are one step's work at most; twice that, as keys do not lie quite evenly. */
const CHANGES_PER_STEP = 2 * 64
const REMOVED_PER_STEP = 1_024

function hashOf(index: number): Uint8Array {
  return keccak256(bigintToBytes(BigInt(index), 32))
}

function inSteps(trie: Trie): { readonly commit: TrieCommit; readonly stepsCount: number } {
  const steps = trie.commitInSteps()
  for (let stepsCount = 1; ; stepsCount++) {
    const step = steps.next()
    if (step.done === true) return { commit: step.value, stepsCount }
  }
}

function filled(count: number): Trie {
  const trie = createTrie({ node: () => undefined }, EMPTY_ROOT)
  for (let index = 0; index < count; index++) trie.put(hashOf(index), bigintToBytes(7n, 40))
  return trie
}

describe('a commit in steps', () => {
  for (const count of [1, 100, 5_000, 40_000]) {
    it(`of ${String(count)} changes has a step for each few of them`, () => {
      const { commit, stepsCount } = inSteps(filled(count))
      assert.ok(stepsCount > count / CHANGES_PER_STEP, `${String(stepsCount)} steps`)
      assert.deepEqual(commit, filled(count).commit())
    })
  }

  it('of many deletions has a step for each few of what is gone', () => {
    const count = 20_000
    const { root, nodes } = filled(count).commit()
    const trie = createTrie({ node: (path) => nodes.get(pathKey(path))?.value }, root)
    for (let index = 1; index < count; index++) trie.delete(hashOf(index))
    const { commit, stepsCount } = inSteps(trie)
    assert.deepEqual(commit.root, filled(1).commit().root)
    assert.equal(commit.nodes.size, nodes.size)
    assert.ok(stepsCount > nodes.size / REMOVED_PER_STEP - 1, `${String(stepsCount)} steps`)
  })
})
