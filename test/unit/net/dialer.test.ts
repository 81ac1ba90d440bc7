// Keeping peers connected: those of the start, and those that come and go while it runs.
import assert from 'node:assert/strict'
import { type LogFields, silentLog } from '../../../src/base/log.ts'
import {
  createDialer,
  DIAL_BACKOFF_MAX_MS,
  DIAL_FAILED_LINE_MS,
  DIAL_FLAP_LINE_MS
} from '../../../src/net/dialer.ts'
import { createManualClock, settle } from '../../support/manual-clock.ts'

const ID = '16Uiu2HAmDFh7iVFHkBkMLsCdRnbBzHJjpmAuMGHgpFDSwzBNHGBM'
const peer = (port: number) => ({
  multiaddr: `/ip4/127.0.0.1/tcp/${String(port)}`,
  peerId: `${ID}${String(port)}`
})

function createWorld(first: readonly number[]) {
  const clock = createManualClock()
  const dialled: string[] = []
  const lines: string[] = []
  const facts: { isThere: boolean; failure: Error; hangUp: () => void } = {
    isThere: false,
    failure: new Error('nobody is there'),
    hangUp: () => undefined
  }
  const host = {
    isConnected: () => facts.isThere,
    untilDisconnected: () =>
      new Promise<void>((resolve) => {
        facts.hangUp = () => {
          facts.isThere = false
          resolve()
        }
      }),
    dial(address: { toString(): string }) {
      dialled.push(address.toString())
      return Promise.reject(facts.failure)
    }
  }
  const say = (level: string) => (event: string, fields?: LogFields) =>
    void lines.push(
      `${level} ${event}${typeof fields?.reason === 'string' ? ` ${fields.reason}` : ''}`
    )
  const log = { ...silentLog, warn: say('warn'), info: say('info') }
  const dialer = createDialer({ clock, log, host }, first.map(peer))
  const stop = new AbortController()
  return { clock, dialled, lines, facts, dialer, stop, running: () => dialer.run(stop.signal) }
}

/** How often each was dialled since the last call. */
function take(dialled: string[], port: number): number {
  const all = dialled.splice(0)
  return all.filter((address) => address === peer(port).multiaddr).length
}

describe('the dialer', () => {
  it('dials a peer that is added while it runs, once and again, and no other', async () => {
    const { clock, dialled, dialer, stop, running } = createWorld([])
    const ended = running()
    await settle()
    assert.deepEqual(dialled, [])
    dialer.add(peer(1))
    dialer.add(peer(1))
    await settle()
    assert.deepEqual(dialled, [peer(1).multiaddr])
    await clock.advance(3 * DIAL_BACKOFF_MAX_MS)
    assert.ok(take(dialled, 1) > 2)
    stop.abort()
    await ended
  })

  it('dials one that was added before it ran', async () => {
    const { dialled, dialer, stop, running } = createWorld([1])
    dialer.add(peer(2))
    const ended = running()
    await settle()
    assert.deepEqual(dialled, [peer(1).multiaddr, peer(2).multiaddr])
    stop.abort()
    await ended
  })

  it('dials one that is removed no more, also one of the start, until it is added again', async () => {
    const { clock, dialled, dialer, stop, running } = createWorld([1, 2])
    const ended = running()
    await settle()
    dialer.remove(peer(1).peerId)
    dialled.splice(0)
    await clock.advance(3 * DIAL_BACKOFF_MAX_MS)
    assert.ok(dialled.length > 0 && !dialled.includes(peer(1).multiaddr))
    dialer.add(peer(1))
    await settle()
    assert.equal(take(dialled, 1), 1)
    stop.abort()
    await ended
  })

  it('leaves one alone that has no address, also where it had one before', async () => {
    const { clock, dialled, dialer, stop, running } = createWorld([1])
    const ended = running()
    await settle()
    dialled.splice(0)
    dialer.add({ multiaddr: `/p2p/${peer(1).peerId}`, peerId: peer(1).peerId })
    dialer.add({ multiaddr: `/p2p/${peer(2).peerId}`, peerId: peer(2).peerId })
    await clock.advance(3 * DIAL_BACKOFF_MAX_MS)
    assert.deepEqual(dialled, [])
    stop.abort()
    await ended
  })

  it('dials one that moved at its new address, and at the old one no more', async () => {
    const { clock, dialled, dialer, stop, running } = createWorld([1])
    const ended = running()
    await settle()
    dialer.add({ multiaddr: peer(2).multiaddr, peerId: peer(1).peerId })
    dialled.splice(0)
    await clock.advance(3 * DIAL_BACKOFF_MAX_MS)
    assert.ok(dialled.length > 2)
    assert.deepEqual(new Set(dialled), new Set([peer(2).multiaddr]))
    stop.abort()
    await ended
  })

  it('ends at once when its signal aborts, and dials nobody after that', async () => {
    const { clock, dialled, dialer, stop, running } = createWorld([1])
    const ended = running()
    await settle()
    stop.abort()
    await ended
    dialled.splice(0)
    dialer.add(peer(2))
    await clock.advance(DIAL_BACKOFF_MAX_MS)
    assert.deepEqual(dialled, [])
  })

  it('warns once with the reason while a peer cannot be reached, and says when it is reached', async () => {
    const { clock, dialled, lines, facts, stop, running } = createWorld([1])
    const ended = running()
    await clock.advance(DIAL_FAILED_LINE_MS / 2)
    assert.ok(dialled.length > 20)
    assert.deepEqual(lines.splice(0), ['warn dial-failed nobody is there'])
    const reasons = ['refused', 'no route', 'refused']
    facts.failure = new AggregateError(reasons.map((reason) => new Error(reason)))
    await clock.advance(DIAL_FAILED_LINE_MS / 2 + 2 * DIAL_BACKOFF_MAX_MS)
    assert.deepEqual(lines.splice(0), ['warn dial-failed refused, no route'])
    facts.isThere = true
    await clock.advance(2 * DIAL_BACKOFF_MAX_MS)
    assert.deepEqual(lines.splice(0), ['info dial-succeeded'])
    await clock.advance(DIAL_FLAP_LINE_MS)
    facts.hangUp()
    await clock.advance(2 * DIAL_BACKOFF_MAX_MS)
    assert.deepEqual(lines.splice(0), ['warn dial-failed refused, no route'])
    stop.abort()
    await ended
  })
})
