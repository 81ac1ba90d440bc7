// Lanes by peer: what strangers take is not missing to configured peers, whatever the kind of the request.
import assert from 'node:assert/strict'
import {
  createPeerLanes,
  type LaneKind,
  RESERVED_STREAMS_PER_PEER
} from '../../../src/reqresp/peer-lanes.ts'
import { createManualClock } from '../../support/manual-clock.ts'

const KINDS: readonly LaneKind[] = ['small', 'bulk']

describe('the lanes of a node', () => {
  const setUp = () => {
    const configured = new Set(['backup', 'sequencer'])
    const lanes = createPeerLanes(createManualClock(), (peer) => configured.has(peer), 1)
    return { configured, lanes }
  }

  for (const kind of KINDS) {
    it(`reserve ${kind} streams and quota for each configured peer`, () => {
      const { lanes } = setUp()
      for (let index = 0; index < 500; index++) {
        const stranger = `stranger-${String(index)}`
        const lane = lanes.laneOf(kind, stranger)
        for (let times = 0; times < 10; times++) lane.enter(stranger)
        lane.quota.take(stranger, 100)
      }
      const other = lanes.laneOf(kind, 'sequencer')
      for (let times = 0; times < 100; times++) other.enter('sequencer')
      while (other.quota.take('sequencer', 10) === 0);
      const lane = lanes.laneOf(kind, 'backup')
      for (let times = 0; times < RESERVED_STREAMS_PER_PEER; times++) {
        assert.equal(lane.enter('backup').kind, 'admitted')
      }
      assert.equal(lane.quota.take('backup', 100), 0)
    })

    it(`bound all strangers together in ${kind} streams`, () => {
      const { lanes } = setUp()
      for (let index = 0; index < 500; index++) {
        const stranger = `stranger-${String(index)}`
        lanes.laneOf(kind, stranger).enter(stranger)
      }
      assert.equal(lanes.laneOf(kind, 'anybody').openCount, 64)
    })
  }

  it('let a configured peer ask for the blocks of a lost directory in one go', () => {
    const { lanes } = setUp()
    const { quota } = lanes.laneOf('bulk', 'sequencer')
    // Ten thousand blocks, and their diffs, each range asked for twice.
    for (let requests = 0; requests < 2 * (40 + 10); requests++) {
      assert.equal(quota.take('sequencer', 10), 0)
    }
  })

  it('follow the set of backups as it changes', () => {
    const { configured, lanes } = setUp()
    const before = lanes.laneOf('bulk', 'added')
    configured.add('added')
    assert.notEqual(lanes.laneOf('bulk', 'added'), before)
    assert.equal(lanes.laneOf('bulk', 'added'), lanes.laneOf('bulk', 'backup'))
  })
})
