// Places of a lane: a share for each peer, turns while others wait, and a row for those that were refused.
import assert from 'node:assert/strict'
import { Quota } from '../../../src/peer/quota.ts'
import {
  type Entry,
  Lane,
  type LanePlace,
  PlaceLost,
  SHARE_RETRY_MS
} from '../../../src/reqresp/lane.ts'
import { createManualClock } from '../../support/manual-clock.ts'

const TURN_MS = 2_000

describe('a lane', () => {
  const setUp = ({ streamsPerPeerMax = 2, streamsMax = 4, hasTurns = true } = {}) => {
    const clock = createManualClock()
    const rate = { burstTokens: 100, tokensPerSecond: 10 }
    const quota = new Quota(clock, { perPeer: rate, total: rate })
    const turns = hasTurns ? { turnMs: TURN_MS } : {}
    const lane = new Lane({ clock, quota }, { streamsPerPeerMax, streamsMax, ...turns })
    return { clock, lane }
  }
  const placeOf = (entry: Entry): LanePlace => {
    assert.equal(entry.kind, 'admitted')
    return entry.kind === 'admitted' ? entry.place : assert.fail()
  }
  const retryOf = (entry: Entry): number =>
    entry.kind === 'refused' ? entry.retryAfterMs : assert.fail('it was admitted')

  it('has a share for each peer, whatever else is free', () => {
    const { lane } = setUp()
    const first = placeOf(lane.enter('a'))
    lane.enter('a')
    assert.equal(retryOf(lane.enter('a')), SHARE_RETRY_MS)
    first.leave()
    first.leave()
    assert.equal(lane.openCount, 1)
    placeOf(lane.enter('a'))
  })

  it('never takes a place away where there are no turns', async () => {
    const { lane, clock } = setUp({ hasTurns: false })
    const places = ['a', 'a', 'b', 'b'].map((peer) => placeOf(lane.enter(peer)))
    await clock.advance(60_000)
    retryOf(lane.enter('c'))
    assert.ok(places.every(({ signal }) => !signal.aborted))
  })

  it('gives a place to a newcomer once a turn is over: of the greediest, what its reader took least of', async () => {
    const { lane, clock } = setUp()
    const [one, two, other, last] = ['a', 'a', 'b', 'c'].map((peer) => placeOf(lane.enter(peer)))
    one?.noteTaken(5_000, 10)
    other?.noteTaken(1, 10)
    assert.equal(retryOf(lane.enter('d')), TURN_MS)
    await clock.advance(TURN_MS)
    placeOf(lane.enter('d'))
    assert.ok(two?.signal.aborted && two.signal.reason instanceof PlaceLost)
    assert.ok(![one, other, last].some((place) => place?.signal.aborted))
    assert.equal(lane.openCount, 4)
  })

  it('takes nothing from a peer for one that holds as much', async () => {
    const { lane, clock } = setUp()
    for (const peer of ['a', 'b', 'c', 'd']) lane.enter(peer)
    await clock.advance(TURN_MS)
    retryOf(lane.enter('a'))
    assert.equal(lane.openCount, 4)
  })

  it('serves those that wait in the order in which they were refused', async () => {
    const { lane, clock } = setUp({ streamsPerPeerMax: 1, streamsMax: 1 })
    const held = placeOf(lane.enter('a'))
    retryOf(lane.enter('b'))
    retryOf(lane.enter('c'))
    await clock.advance(TURN_MS - 1)
    held.leave()
    retryOf(lane.enter('c'))
    placeOf(lane.enter('b'))
    await clock.advance(TURN_MS)
    retryOf(lane.enter('a'))
    placeOf(lane.enter('c'))
  })

  it('does not wait for one that does not come back', async () => {
    const { lane, clock } = setUp({ streamsPerPeerMax: 1, streamsMax: 1 })
    const held = placeOf(lane.enter('a'))
    retryOf(lane.enter('gone'))
    held.leave()
    retryOf(lane.enter('b'))
    await clock.advance(2 * TURN_MS + 1)
    placeOf(lane.enter('b'))
  })

  it('lets an honest peer have its turn among two hundred that take whatever they can get', async () => {
    const { lane, clock } = setUp({ streamsPerPeerMax: 4, streamsMax: 64 })
    const sybils = Array.from({ length: 200 }, (_, index) => `sybil-${String(index)}`)
    const grab = () => {
      for (let round = 0; round < 2; round++) for (const peer of sybils) lane.enter(peer)
    }
    grab()
    let waitedMs = 0
    let asksCount = 1
    let entry = lane.enter('honest')
    for (; entry.kind === 'refused'; asksCount++) {
      assert.ok(waitedMs < 60_000, 'it has no turn')
      // All of them come back at every moment; it keeps to what it is told.
      for (let ms = 0; ms < entry.retryAfterMs; ms += 100) {
        await clock.advance(100)
        grab()
      }
      waitedMs += entry.retryAfterMs
      entry = lane.enter('honest')
    }
    assert.ok(waitedMs <= 16_000, `${String(waitedMs)} ms`)
    assert.ok(asksCount <= 5, `${String(asksCount)} requests`)
    assert.equal(lane.openCount, 64)
  })
})
