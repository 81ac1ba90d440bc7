// Chance: bounds and reproducibility.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createSeededRandom, type Random, systemRandom } from '../../../src/base/random.ts'

const DRAWS = 200

function draw(random: Random, end: number): readonly number[] {
  return Array.from({ length: DRAWS }, () => random.below(end))
}

describe('chance', () => {
  for (const [name, create] of [
    ['the machine', () => systemRandom],
    ['a seed', () => createSeededRandom(7)]
  ] as const) {
    it(`from ${name} stays below its end`, () => {
      for (const end of [1, 2, 3, 1000, 2 ** 32]) {
        for (const value of draw(create(), end)) {
          assert.ok(Number.isInteger(value) && value >= 0 && value < end)
        }
      }
    })

    it(`from ${name} reaches every value of a small range`, () => {
      assert.deepEqual([...new Set(draw(create(), 4))].sort(), [0, 1, 2, 3])
    })
  }

  it('repeats itself from the same seed and differs from another', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const once = draw(createSeededRandom(seed), 2 ** 32)
        assert.deepEqual(draw(createSeededRandom(seed), 2 ** 32), once)
        assert.notDeepEqual(draw(createSeededRandom(seed + 1), 2 ** 32), once)
      })
    )
  })
})
