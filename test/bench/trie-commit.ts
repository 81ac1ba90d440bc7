// Ten thousand accounts changed in one commit, on disk afterwards: our trie against that of @ethereumjs/mpt.
import assert from 'node:assert/strict'
import { AccountTries, updatesOfRound } from './account-trie.ts'
import { type Bench, benchLine } from './bench-line.ts'

/** Five times as fast. */
const TARGET = 0.2
/** Updates of a commit, and accounts that stand in the state; the target is for the last. */
const SIZES = [10_000, 100_000, 1_000_000].map((accountsCount) => ({
  accountsCount,
  count: 10_000
}))
const SMALLEST = { accountsCount: 1_000, count: 1_000 }

/** Same keccak, same values, same roots, both in LevelDB and synced. */
export const trieCommit: Bench = async function* ({ isSmallest, times }) {
  for (const size of isSmallest ? [SMALLEST] : SIZES) {
    const { accountsCount, count } = size
    const tries = await AccountTries.fill(accountsCount)
    try {
      const ours: number[] = []
      const baseline: number[] = []
      // Round 0 warms both up and does not count.
      for (let round = 0; round <= times; round++) {
        const updates = updatesOfRound(round, size)
        const startMs = performance.now()
        const root = await tries.ours.commit(updates)
        const betweenMs = performance.now()
        assert.equal(await tries.commitBaseline(updates), root, 'the roots differ')
        const endMs = performance.now()
        if (round === 0) continue
        ours.push(betweenMs - startMs)
        baseline.push(endMs - betweenMs)
      }
      const words = `${String(count)} updates on ${String(accountsCount)} accounts`
      const facts = { bench: 'trie-commit', size: words, unit: 'ms', target: TARGET }
      yield benchLine(facts, ours, baseline)
    } finally {
      await tries.close()
    }
  }
}
