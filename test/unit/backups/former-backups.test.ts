// Backups that left the set: kept connected while the gate is shut, let go of when it opens, named when they are missing.
import assert from 'node:assert/strict'
import { type Log, silentLog } from '../../../src/base/log.ts'
import { type AdoptedBackup } from '../../../src/backups/adopted-backups.ts'
import { createFormerBackups, FORMER_PATIENCE_MS } from '../../../src/backups/former-backups.ts'
import { createManualClock, settle } from '../../support/manual-clock.ts'
import { ref } from '../recovery/findings-fixture.ts'

const at = (peerId: string) => ({ peerId, multiaddr: `/ip4/10.0.0.1/tcp/1/p2p/${peerId}` })
const OPEN = { kind: 'open', on: ref(10) } as const
const SHUT = { kind: 'shut', reason: 'recovering' } as const

function createWorld({
  stored,
  configured = [],
  peers = []
}: {
  readonly stored: readonly AdoptedBackup[]
  readonly configured?: readonly string[]
  readonly peers?: readonly string[]
}) {
  const clock = createManualClock()
  const calls: string[] = []
  const warnings: unknown[] = []
  const log: Log = { ...silentLog, warn: (event, fields) => void warnings.push([event, fields]) }
  let current = configured
  const former = createFormerBackups({
    clock,
    log,
    adopted: {
      former: () => stored.filter(({ peerId }) => !current.includes(peerId))
    },
    roster: { ids: () => current },
    network: {
      keepConnected: (address) => void calls.push(`keep ${address.split('/').at(-1) ?? ''}`),
      letGo: (peerId) => void calls.push(`let go ${peerId}`),
      disconnect(peerId) {
        calls.push(`disconnect ${peerId}`)
        return peerId === 'stuck' ? Promise.reject(new Error('no')) : Promise.resolve()
      }
    },
    isPeer: (peerId) => peers.includes(peerId),
    head: () => ref(10)
  })
  return {
    clock,
    former,
    warnings,
    /** What was done since the last look. */
    calls: () => calls.splice(0),
    change(next: readonly string[]) {
      current = next
      former.onBackupsChanged()
    }
  }
}

describe('backups that left the set', () => {
  it('are dialled at once, and let go of when the gate opens', async () => {
    const { former, calls } = createWorld({
      stored: [at('a'), at('b'), at('stuck')],
      configured: ['a']
    })
    assert.deepEqual(former.list(), [at('b'), at('stuck')])
    assert.deepEqual(calls(), ['keep b', 'keep stuck'])
    former.onGate(OPEN)
    assert.deepEqual(calls(), ['let go b', 'disconnect b', 'let go stuck', 'disconnect stuck'])
    await settle()
  })

  it('that are peers of the config stay as they are', () => {
    const { former, calls } = createWorld({ stored: [at('a'), at('b')], peers: ['b'] })
    assert.deepEqual(calls(), ['keep a'])
    former.onGate(OPEN)
    assert.deepEqual(calls(), ['let go a', 'disconnect a'])
  })

  it('by an operator while the gate is open are dialled once it shuts', () => {
    const world = createWorld({ stored: [at('a'), at('b')], configured: ['a', 'b'] })
    world.former.onGate(OPEN)
    world.change(['a'])
    assert.deepEqual(world.calls(), [])
    assert.deepEqual(world.former.list(), [at('b')])
    world.former.onGate(SHUT)
    assert.deepEqual(world.calls(), ['keep b'])
    world.former.onGate({ kind: 'shut', reason: 'stopping' })
    assert.deepEqual(world.calls(), [])
  })

  it('by an operator while the gate is shut stay connected', () => {
    const world = createWorld({ stored: [at('a'), at('b')], configured: ['a', 'b'] })
    assert.deepEqual(world.calls(), [])
    world.change(['a'])
    assert.deepEqual(world.calls(), ['keep b'])
  })

  it('and come back into it are backups again: nobody hangs up on them', () => {
    const world = createWorld({ stored: [at('a'), at('b')], configured: ['a'] })
    assert.deepEqual(world.calls(), ['keep b'])
    world.change(['a', 'b'])
    world.former.onGate(OPEN)
    assert.deepEqual(world.calls(), [])
  })

  it('are named with address and exit when a round lacked them, each once, after some patience', async () => {
    const { clock, former, warnings, calls } = createWorld({ stored: [at('a'), { peerId: 'b' }] })
    assert.deepEqual(calls(), ['keep a'])
    former.onMissing(['a', 'b', 'c'])
    assert.deepEqual(warnings, [])
    await clock.advance(FORMER_PATIENCE_MS)
    former.onMissing(['a', 'c'])
    former.onMissing(['a', 'b', 'c'])
    const { hash } = ref(10)
    const override = `or restart with --start-without-backups ${hash}: what it holds is given up`
    assert.deepEqual(warnings, [
      [
        'former-backup-missing',
        { ...at('a'), exit: `start a once more at ${at('a').multiaddr}; ${override}` }
      ],
      [
        'former-backup-missing',
        {
          peerId: 'b',
          multiaddr: 'not stored',
          exit: `name b with its address under peers, and restart; ${override}`
        }
      ]
    ])
  })
})
