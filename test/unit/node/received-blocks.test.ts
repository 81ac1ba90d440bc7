// Blocks that gossip brought while nothing can be written: kept and tried again, and given up with the node.
import assert from 'node:assert/strict'
import { RECEIVED_RETRY_MS, untilDone } from '../../../src/node/received-blocks.ts'
import { StoreError } from '../../../src/store/store-error.ts'
import { createManualClock } from '../../support/manual-clock.ts'

const FULL = new StoreError({ code: 'disk-full', path: 'db' })

function setUp(failure: Error) {
  const clock = createManualClock()
  const end = new AbortController()
  const state = { triesCount: 0, hasRoom: false }
  const deps = { clock, signal: end.signal, store: { batch: () => Promise.resolve() } }
  const done = untilDone(deps, () => {
    state.triesCount++
    if (!state.hasRoom) throw failure
    return 'stored'
  })
  done.catch(() => undefined) // looked at below
  return { clock, end, state, done }
}

describe('a block that came by gossip', () => {
  it('is stored once there is room', async () => {
    const { clock, state, done } = setUp(FULL)
    await clock.advance(5 * RECEIVED_RETRY_MS)
    assert.equal(state.triesCount, 6)
    state.hasRoom = true
    await clock.advance(RECEIVED_RETRY_MS)
    assert.equal(await done, 'stored')
  })

  it('is given up when the node stops', async () => {
    const { clock, end, state, done } = setUp(FULL)
    await clock.advance(RECEIVED_RETRY_MS)
    end.abort(new Error('the node stops'))
    await assert.rejects(done, /the node stops/)
    assert.equal(state.triesCount, 2)
    assert.equal(clock.sleepersCount, 0)
  })

  it('fails at once with what does not pass', async () => {
    const failure = new StoreError({ code: 'store-closed', path: 'db' })
    const { state, done } = setUp(failure)
    await assert.rejects(done, failure)
    assert.equal(state.triesCount, 1)
  })
})
