// The marks of a distribution, and dice that a seed repeats.
import assert from 'node:assert/strict'
import { createDice } from '../../soak/dice.ts'
import { describeDistribution } from '../../soak/distribution.ts'

describe('a distribution', () => {
  const cases = [
    { values: [7.4], marks: { count: 1, min: 7, median: 7, p90: 7, max: 7 } },
    { values: [3, 1, 2], marks: { count: 3, min: 1, median: 2, p90: 3, max: 3 } },
    {
      values: [10, 9, 8, 7, 6, 5, 4, 3, 2, 1],
      marks: { count: 10, min: 1, median: 5, p90: 9, max: 10 }
    }
  ]
  for (const { values, marks } of cases) {
    it(`of ${values.join(', ')}`, () => {
      assert.deepEqual(describeDistribution(values), marks)
    })
  }

  it('of nothing is none', () => {
    assert.equal(describeDistribution([]), undefined)
  })
})

describe('dice', () => {
  it('fall alike for one seed and differently for another, and on every side', () => {
    const throwAll = (seed: number) => {
      const dice = createDice(seed)
      return Array.from({ length: 100 }, () => dice(6))
    }
    assert.deepEqual(throwAll(1), throwAll(1))
    assert.notDeepEqual(throwAll(1), throwAll(2))
    for (const seed of [0, 1, 2, 1_000_000]) {
      assert.deepEqual([...new Set(throwAll(seed))].sort(), [0, 1, 2, 3, 4, 5])
    }
  })
})
