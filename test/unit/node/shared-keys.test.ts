// What operators are told of a peer key in two processes, on either side.
import assert from 'node:assert/strict'
import { silentLog } from '../../../src/base/log.ts'
import { createSharedKeys, SHARED_KEY_REASON } from '../../../src/node/shared-keys.ts'
import { createManualClock } from '../../support/manual-clock.ts'

describe('a peer key in two processes', () => {
  const seen = { peerId: 'p', kept: '/a', refused: '/b', seenMs: 0 }
  const createRig = (list: readonly (typeof seen)[] = []) => {
    const clock = createManualClock()
    const events: string[] = []
    const log = { ...silentLog, error: (event: string) => void events.push(event) }
    const network = { peerId: 'self', sharedPeerIds: () => list }
    return { clock, events, keys: createSharedKeys({ clock, log, network }) }
  }
  const refusal = (peer: string, reason = SHARED_KEY_REASON) =>
    ({ code: 'unavailable', peer, reason }) as const

  it('is named with both addresses and the way out', () => {
    const [one, ...others] = createRig([seen]).keys.list()
    assert.deepEqual([one?.peerId, one?.kept, one?.refused, others], ['p', '/a', '/b', []])
    assert.match(one?.exit ?? '', /peer\.key/)
  })

  it('is known to the one that is refused by what it is answered, for a minute', async () => {
    const { clock, events, keys } = createRig()
    keys.noteFailure(refusal('x', 'joining'))
    assert.deepEqual([keys.list(), events], [[], []])
    for (const peer of ['x', 'y', 'x']) keys.noteFailure(refusal(peer))
    assert.deepEqual(
      keys.list().map(({ peerId, toldBy }) => [peerId, toldBy]),
      [['self', ['y', 'x']]]
    )
    assert.deepEqual(events, ['peer-key-shared'])
    await clock.advance(60_001)
    assert.deepEqual(keys.list(), [])
  })
})
