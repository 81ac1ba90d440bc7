// The parts of a node's start.
import assert from 'node:assert/strict'
import { StartTimes } from '../../../src/report/start-times.ts'

describe('start times', () => {
  it('are of each part that is done, the first from the start of the process', () => {
    let nowMs = 350.4
    const times = new StartTimes(() => nowMs)
    assert.deepEqual(times.spentMs(), {})
    times.done('modules')
    nowMs = 400.9
    times.done('stores')
    assert.deepEqual(times.spentMs(), { modules: 350, stores: 51 })
    nowMs = 401
    times.done('network')
    times.done('services')
    assert.deepEqual(times.spentMs(), { modules: 350, stores: 51, network: 0, services: 0 })
  })
})
