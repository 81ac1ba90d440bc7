// The facts by which a node says how it stands: whose word counts, how old its head is, from where it had to go.
import assert from 'node:assert/strict'
import { type Status } from '../../../protocols/status/codec.ts'
import { PeerClaims } from '../../../src/backups/peer-claims.ts'
import { type Block } from '../../../src/chain/blocks/block.ts'
import { createBlockTimes } from '../../../src/chain/blocks/block-times.ts'
import { createNodeStanding } from '../../../src/node/node-standing.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import { plainStatus } from '../../support/plain-status.ts'

const SLOT_MS = 1_000

/** A backup that names one peer by its config and one on its roster; its head is of this moment. */
function createWorld() {
  const clock = createManualClock()
  const claims = new PeerClaims(clock)
  const connected = new Set(['named', 'rostered', 'stranger'])
  const head = { number: 10n, header: { timestamp: BigInt(clock.nowMs() / 1_000) } }
  const standing = createNodeStanding({
    clock,
    config: { role: 'backup', peers: [{ peerId: 'named', multiaddr: '/p2p/named' }] },
    chain: {
      applier: { head: () => head as Block },
      times: createBlockTimes('op', SLOT_MS),
      stores: {
        accepted: { highestAccepted: () => undefined },
        state: { flushProgress: undefined }
      }
    },
    claims,
    roster: { ids: () => ['rostered'] },
    joining: { looksJoining: () => false },
    connected: () => [...connected],
    recovery: () => ({
      gate: { kind: 'shut', reason: 'recovering' },
      blockAction: { action: 'follow' },
      stateAction: { action: 'none' }
    })
  })
  const show = (peer: string, unsafeNumber: bigint) => {
    const status: Status = { ...plainStatus(), unsafeNumber, acceptedNumber: undefined }
    claims.note(peer, status, { tripMs: 0 })
  }
  return { clock, claims, connected, head, standing, show }
}

describe('the standing of a node', () => {
  it('is behind what a named peer shows, and not what a stranger claims', () => {
    const { standing, show } = createWorld()
    show('stranger', 2n ** 60n)
    assert.equal(standing().says, 'following')
    for (const [peer, number] of [
      ['named', 100n],
      ['rostered', 200n]
    ] as const) {
      show(peer, number)
      const { says, behindCount } = standing()
      assert.deepEqual([says, behindCount], ['behind', number - 10n])
    }
  })

  it('is alone without a named peer, whoever else is connected', () => {
    const { standing, connected } = createWorld()
    connected.delete('named')
    assert.equal(standing().namedConnectedCount, 1)
    connected.delete('rostered')
    assert.equal(standing().says, 'no-peers')
  })

  it('grows old with the clock, and tells from where it had to go once it has fallen behind', async () => {
    const { clock, head, standing } = createWorld()
    assert.deepEqual([standing().says, standing().startingNumber], ['following', 10n])
    await clock.advance(20_000)
    assert.deepEqual([standing().says, standing().behindCount], ['behind-clock', 20n])
    head.number = 12n
    head.header.timestamp += 2n
    assert.deepEqual([standing().startingNumber, standing().behindCount], [10n, 18n])
    head.number = 30n
    head.header.timestamp += 18n
    assert.deepEqual([standing().says, standing().startingNumber], ['following', 30n])
  })
})
