// The highest block of our chain whose state can be read, found among the states and not among the heights.
import assert from 'node:assert/strict'
import { type BlockRef } from '../../../src/chain/blocks/block.ts'
import { gatherStateFindings } from '../../../src/recovery/knowledge/state-findings.ts'
import { ref } from './findings-fixture.ts'
import { createWorld } from './runner-fixture.ts'

/** The finding over a chain up to `head`, and how many of its hashes were looked up. */
function gather(head: number, readable: readonly BlockRef[]) {
  let looksCount = 0
  const { chain } = createWorld({ height: 0 })
  const found = gatherStateFindings(
    {
      chain: {
        ...chain,
        head: () => ref(head),
        blocks: {
          history: () => ({ oldestBlock: 1n, oldestReceipts: 1n }),
          canonicalHash(number) {
            looksCount++
            return number <= BigInt(head) ? ref(Number(number)).hash : undefined
          }
        }
      },
      state: {
        diskLayer: () => ({ ...ref(0), root: ref(0).hash }),
        isReadable: () => false,
        isFetchUnderWay: () => false,
        readable: () => readable,
        resetToGenesis: () => Promise.resolve()
      },
      states: { areServed: () => false },
      diffs: { areStored: () => false, areServed: () => false, isExecutionDear: () => false }
    },
    { failed: new Set(), isHeard: false, target: undefined, gapOf: () => undefined }
  )
  return { readable: found.readable, looksCount }
}

describe('the highest readable state', () => {
  for (const [what, readable, expected] of [
    ['the head’s', [ref(10), ref(9)], ref(10)],
    ['the highest of our chain, not of another branch', [ref(10, 'b'), ref(8), ref(7)], ref(8)],
    ['none above the head', [ref(12), ref(11), ref(6)], ref(6)],
    ['that of genesis where there is none, which its file makes', [], ref(0)],
    ['that of genesis where only another branch has some', [ref(5, 'b')], ref(0)]
  ] as const) {
    it(`is ${what}`, () => {
      assert.deepEqual(gather(10, readable).readable, expected)
    })
  }

  it('costs no look at every height where a long chain has only that of genesis', () => {
    assert.ok(gather(1_000_000, [ref(0)]).looksCount < 10)
  })
})
