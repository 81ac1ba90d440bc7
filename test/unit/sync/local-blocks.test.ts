// How far down holes are looked for before anything else begins.
import assert from 'node:assert/strict'
import { lowestNeeded, type NeededHeights } from '../../../src/sync/holes/local-blocks.ts'

const WHOLE: NeededHeights = {
  head: 1_000n,
  isHeadReadable: true,
  persisted: 990n,
  contested: [],
  isPointerLost: () => true
}

describe('the lowest height that is needed at once', () => {
  for (const [what, heights, expected] of [
    ['the hashes that the next block may ask for', {}, 744n],
    ['the first block', { head: 100n }, 1n],
    ['states that were lost', { isHeadReadable: false, persisted: 500n }, 501n],
    ['a state on disk, where the head is readable', { persisted: 500n }, 744n],
    ['a contested height whose pointer is lost', { contested: [700n, 300n] }, 300n],
    ['no contested height that is whole', { contested: [300n], isPointerLost: () => false }, 744n],
    ['no contested height above the head', { head: 200n, contested: [201n] }, 1n]
  ] as const) {
    it(`is that of ${what}`, () => {
      assert.equal(lowestNeeded({ ...WHOLE, ...heights }), expected)
    })
  }
})
