// Sharing pieces out among peers on a clock driven by hand: failures, stalls, trickles, limits.
import assert from 'node:assert/strict'
import { setMaxListeners } from 'node:events'
import { RequestError, type RequestFailure } from '../../../src/reqresp/request-error.ts'
import { type AttemptResult, type Slowness } from '../../../src/sync/fetching/fetch-job.ts'
import {
  ATTEMPT_LONG_MS,
  FetchPool,
  IN_FLIGHT_MAX,
  IN_FLIGHT_PER_PEER_MAX,
  QUIET_MAX_MS
} from '../../../src/sync/fetching/fetch-pool.ts'
import { createManualClock, settle } from '../../support/manual-clock.ts'

type Attempt = (
  peer: string,
  signal: AbortSignal,
  onArrived: () => void
) => Promise<AttemptResult> | AttemptResult

const NEVER = new AbortController().signal
const done: AttemptResult = { kind: 'done' }
const failed = (error: unknown, hasPart = false): AttemptResult => ({
  kind: 'failed',
  error,
  hasPart
})
const stall = (peer: string) =>
  new RequestError({ code: 'request-deadline-passed', peer, phase: 'chunk', afterMs: 1 })

/** Ends only with its signal. */
const hang = (signal: AbortSignal) =>
  new Promise<AttemptResult>((resolve) => {
    signal.addEventListener('abort', () => {
      resolve(failed(signal.reason))
    })
  })

function createWorld(names: readonly string[]) {
  const clock = createManualClock()
  const slow: [string, Slowness][] = []
  const pool = new FetchPool({ clock, onSlow: (...entry) => void slow.push(entry) })
  const asked: string[] = []
  let inFlight = 0
  let inFlightMost = 0
  const run = (attempt: Attempt, signal = NEVER, peers = () => names) =>
    pool.fetch(
      {
        peers,
        async attempt(peer, inner, onArrived) {
          asked.push(peer)
          inFlightMost = Math.max(inFlightMost, ++inFlight)
          try {
            return await attempt(peer, inner, onArrived)
          } finally {
            inFlight--
          }
        }
      },
      signal
    )
  return { clock, pool, run, asked, slow, inFlightMost: () => inFlightMost }
}

describe('the fetch pool', () => {
  it('gives a piece to the first peer and is done with it', async () => {
    const { run, asked, clock } = createWorld(['a', 'b'])
    assert.deepEqual(await run(() => done), { kind: 'done', peer: 'a' })
    assert.deepEqual(asked, ['a'])
    await settle()
    assert.equal(clock.sleepersCount, 0)
  })

  it('spreads pieces, two at most for one peer and eight in all', async () => {
    const few = createWorld(['a', 'b', 'c'])
    const ends: (() => void)[] = []
    const wait = () =>
      new Promise<AttemptResult>((resolve) => {
        ends.push(() => {
          resolve(done)
        })
      })
    const pieces = Array.from({ length: 10 }, () => few.run(wait))
    assert.deepEqual(few.asked, ['a', 'b', 'c', 'a', 'b', 'c'])
    assert.equal(few.asked.length, 3 * IN_FLIGHT_PER_PEER_MAX)
    for (let round = 0; round < 10; round++) {
      ends[round]?.()
      await settle()
    }
    await Promise.all(pieces)
    assert.equal(few.asked.length, 10)
    const many = createWorld(Array.from('abcdefghij'))
    const stop = new AbortController()
    setMaxListeners(20, stop.signal)
    const all = Array.from({ length: 20 }, () =>
      many.run((_, signal) => hang(signal), stop.signal).catch(() => undefined)
    )
    assert.equal(many.inFlightMost(), IN_FLIGHT_MAX)
    stop.abort(new Error('enough'))
    await Promise.all(all)
  })

  it('moves a piece to the next peer at once when one fails, and gives up when all did', async () => {
    const { run, asked } = createWorld(['a', 'b', 'c'])
    const outcome = await run((peer) => (peer === 'c' ? done : failed(new Error('no'))))
    assert.deepEqual(outcome, { kind: 'done', peer: 'c' })
    const last = await run((peer) => failed(new Error(`not ${peer}`)))
    assert.ok(last.kind === 'unserved')
    assert.deepEqual(asked.toSorted(), ['a', 'a', 'b', 'b', 'c', 'c'])
    const none = await run(
      () => done,
      NEVER,
      () => []
    )
    assert.ok(none.kind === 'unserved')
    assert.match(String(none.error), /no connected peer serves it/)
  })

  for (const [code, failure, attempts] of [
    ['unavailable', { code: 'unavailable', peer: 'a', reason: '' }, 1],
    ['unsupported', { code: 'unsupported-protocol', peer: 'a', protocol: 'p' }, 1],
    ['malformed', { code: 'response-malformed', peer: 'a', reason: '' }, 1],
    ['invalid', { code: 'invalid-request', peer: 'a', reason: '' }, 1],
    ['server error', { code: 'server-error', peer: 'a', reason: '' }, 3],
    ['reset', { code: 'stream-reset', peer: 'a', reason: '' }, 3],
    ['not connected', { code: 'not-connected', peer: 'a', reason: '' }, 3],
    ['stall', { code: 'request-deadline-passed', peer: 'a', phase: 'whole', afterMs: 1 }, 3],
    ['rate limit', { code: 'rate-limited', peer: 'a', retryAfterMs: 100 }, 30]
  ] as const satisfies readonly (readonly [string, RequestFailure, number])[]) {
    it(`asks the only peer ${attempts} times after: ${code}`, async () => {
      const { run, asked, clock } = createWorld(['a'])
      const outcome = run(() => failed(new RequestError(failure)))
      await clock.advance(60_000)
      assert.equal((await outcome).kind, 'unserved')
      assert.equal(asked.length, attempts)
    })
  }

  it('waits as long as a peer told it to', async () => {
    const { run, asked, clock } = createWorld(['a'])
    const limited = new RequestError({ code: 'rate-limited', peer: 'a', retryAfterMs: 2_000 })
    const outcome = run(() => (asked.length === 1 ? failed(limited) : done))
    await clock.advance(1_999)
    assert.equal(asked.length, 1)
    await clock.advance(300)
    assert.deepEqual(await outcome, { kind: 'done', peer: 'a' })
  })

  it('does not give up a peer that goes on after failures', async () => {
    const { run, asked, clock } = createWorld(['a'])
    const outcome = run((peer) => (asked.length < 9 ? failed(stall(peer), true) : done))
    await clock.advance(120_000)
    assert.deepEqual(await outcome, { kind: 'done', peer: 'a' })
  })

  it('asks whoever failed last', async () => {
    const { run, asked } = createWorld(['a', 'b'])
    await run((peer) => (peer === 'a' ? failed(new Error('no')) : done))
    assert.deepEqual(await run(() => done), { kind: 'done', peer: 'b' })
    assert.deepEqual(asked, ['a', 'b', 'b'])
  })

  it('lets another peer do what one keeps quiet about, and names the slow one', async () => {
    const { run, asked, clock, slow, pool } = createWorld(['a', 'b'])
    const aborted: string[] = []
    const outcome = run(async (peer, signal) => {
      if (peer === 'b') return done
      const result = await hang(signal)
      aborted.push(peer)
      return result
    })
    await clock.advance(QUIET_MAX_MS - 1)
    assert.deepEqual(asked, ['a'])
    await clock.advance(500)
    assert.deepEqual(await outcome, { kind: 'done', peer: 'b' })
    await pool.idle()
    assert.deepEqual(aborted, ['a'])
    assert.deepEqual(slow, [['a', 'stall']])
    assert.equal((await run(() => done)).kind, 'done')
    assert.equal(asked.at(-1), 'b', 'the slow one is asked last')
  })

  it('lets another peer do what one only trickles', async () => {
    const { run, clock, slow } = createWorld(['a', 'b'])
    const outcome = run(async (peer, signal, onArrived) => {
      if (peer === 'b') return done
      while (!signal.aborted) {
        onArrived()
        await clock.sleep(200, signal).catch(() => undefined)
      }
      return failed(signal.reason)
    })
    await clock.advance(ATTEMPT_LONG_MS - 1)
    assert.deepEqual(slow, [])
    await clock.advance(500)
    assert.deepEqual(await outcome, { kind: 'done', peer: 'b' })
    assert.deepEqual(slow, [['a', 'trickle']])
  })

  it('takes the only peer’s answer, however slow it is', async () => {
    const { run, clock, slow } = createWorld(['a'])
    const outcome = run(async () => {
      await clock.sleep(60_000)
      return done
    })
    await clock.advance(60_000)
    assert.deepEqual(await outcome, { kind: 'done', peer: 'a' })
    assert.deepEqual(slow, [])
  })

  it('asks a peer that came while others failed', async () => {
    const { run, clock } = createWorld([])
    const peers = ['a']
    const outcome = run(
      (peer) => (peer === 'b' ? done : failed(stall(peer))),
      NEVER,
      () => peers
    )
    await settle()
    peers.push('b')
    await clock.advance(300)
    assert.deepEqual(await outcome, { kind: 'done', peer: 'b' })
  })

  it('rejects with our own failure, and when it is aborted', async () => {
    const { run, pool } = createWorld(['a', 'b'])
    await assert.rejects(
      run(() => Promise.reject(new Error('disk full'))),
      /disk full/
    )
    const stop = new AbortController()
    const pending = run((_, signal) => hang(signal), stop.signal)
    stop.abort(new Error('enough'))
    await assert.rejects(pending, /enough/)
    await pool.idle()
    await assert.rejects(
      run(() => done, stop.signal),
      /enough/
    )
  })
})
