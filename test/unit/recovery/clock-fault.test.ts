// Our clock against the backups': by whom, by how much, and when one voice is not enough.
import assert from 'node:assert/strict'
import { findClockFault } from '../../../src/recovery/knowledge/clock-fault.ts'
import { replicatedHead } from '../../../src/recovery/knowledge/replicated-head.ts'

const GOOD = { nowMs: 100_000, headTimestampMs: 99_000, backupCount: 3 }

function readings(...offsets: readonly number[]) {
  return offsets.map((offsetMs, index) => ({
    peer: `backup-${String(index)}`,
    offsetMs,
    tripMs: 10
  }))
}

describe('findClockFault', () => {
  const rows = [
    { when: 'all clocks agree', readings: readings(0, 3, -4), expect: undefined },
    { when: 'one backup accuses', readings: readings(9_000, 0, 0), expect: undefined },
    {
      when: 'two accuse in different directions',
      readings: readings(9_000, -9_000),
      expect: undefined
    },
    {
      when: 'five seconds are still good',
      readings: readings(5_000, 5_000, 5_000),
      expect: undefined
    },
    {
      when: 'the exchange took so long that nothing can be said',
      readings: readings(6_000, 6_000).map((reading) => ({ ...reading, tripMs: 4_000 })),
      expect: undefined
    },
    {
      when: 'a majority accuses',
      readings: readings(9_000, 8_000, 0),
      expect: { reason: 'off-from-backups', offMs: 9_000, by: ['backup-0', 'backup-1'] }
    }
  ]
  for (const { when, readings: given, expect } of rows) {
    it(when, () => {
      assert.deepEqual(findClockFault({ ...GOOD, readings: given }), expect)
    })
  }

  it('one backup of one is no majority of at least two', () => {
    const fault = findClockFault({ ...GOOD, backupCount: 1, readings: readings(9_000) })
    assert.equal(fault, undefined)
  })

  it('a head in our future needs no witness', () => {
    const fault = findClockFault({ ...GOOD, nowMs: 98_000, readings: [] })
    assert.deepEqual(fault, { reason: 'before-head', offMs: 1_000, by: [] })
  })
})

describe('replicatedHead', () => {
  const rows: readonly [readonly (bigint | undefined)[], bigint | undefined][] = [
    [[], undefined],
    [[undefined, undefined, undefined], undefined],
    [[7n, undefined, undefined], undefined],
    [[7n, 5n, undefined], 5n],
    [[7n, 5n, 6n], 6n],
    [[4n], 4n],
    [[4n, 9n], 4n]
  ]
  for (const [accepted, expected] of rows) {
    it(`of ${accepted.map(String).join(', ')} is ${String(expected)}`, () => {
      assert.equal(replicatedHead(accepted), expected)
    })
  }
})
