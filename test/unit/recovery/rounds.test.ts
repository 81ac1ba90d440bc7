// Rounds add up: the quiet time starts at the last full round that showed something new.
import assert from 'node:assert/strict'
import { createRoundLog } from '../../../src/recovery/knowledge/rounds.ts'
import { ref } from './findings-fixture.ts'

function round(startedMs: number, shown: readonly number[] = []) {
  return {
    answers: new Map(),
    shownHashes: shown.map((number) => ref(number).hash),
    startedMs,
    endedMs: startedMs + 10
  }
}

describe('round log', () => {
  it('counts from the first full round, and the quiet one from its first question', () => {
    const log = createRoundLog()
    log.add(round(0), false)
    assert.equal(log.times().firstFullMs, undefined)
    log.add(round(100), true)
    log.add(round(6_200), true)
    assert.deepEqual(log.times(), { firstFullMs: 110, quietFullMs: 6_200, newInARow: 0 })
  })

  it('starts anew when a round shows a block that none showed before', () => {
    const log = createRoundLog()
    log.add(round(0), true)
    log.add(round(6_100, [11]), true)
    assert.deepEqual(log.times(), { firstFullMs: 6_110, quietFullMs: undefined, newInARow: 1 })
    log.add(round(6_200, [11]), true)
    assert.equal(log.times().newInARow, 0, 'the same block again is nothing new')
  })

  it('counts rounds running that each showed something new, also partial ones', () => {
    const log = createRoundLog()
    for (const number of [11, 12, 13]) log.add(round(number, [number]), number === 12)
    assert.equal(log.times().newInARow, 3)
    log.add(round(20), false)
    assert.equal(log.times().newInARow, 3, 'a partial silence proves nothing')
    log.add(round(30), true)
    assert.equal(log.times().newInARow, 0)
  })

  it('forgets everything on reset', () => {
    const log = createRoundLog()
    log.add(round(0, [11]), true)
    log.reset()
    log.add(round(5, [11]), true)
    assert.equal(log.times().newInARow, 1)
  })
})
