// The exchange of status: on connect, when the head moves, once a second a peer; nobody waits for another.
import assert from 'node:assert/strict'
import { plainStatus } from '../../support/plain-status.ts'
import { STATUS, type Status } from '../../../protocols/status/codec.ts'
import { type LogFields, silentLog } from '../../../src/base/log.ts'
import { RequestError, type RequestFailure } from '../../../src/reqresp/request-error.ts'
import {
  createStatusLoop,
  STATUS_INTERVAL_MS,
  type StatusLoop,
  type StatusTiming
} from '../../../src/sync/status-loop.ts'
import { IDENTIFY_WAIT_MS, STATUS_BACKOFF_MAX_MS } from '../../../src/sync/status-partners.ts'
import { createManualClock, type ManualClock, settle } from '../../support/manual-clock.ts'
import { asRequestChunks } from '../../support/request-chunks.ts'

const OURS = plainStatus({
  genesisHash: new Uint8Array(32).fill(1),
  unsafeNumber: 5n,
  unsafeHash: new Uint8Array(32).fill(5)
})
const THEIRS: Status = { ...OURS, unsafeNumber: 7n }

/** How a peer answers. */
type Answer = (signal: AbortSignal) => Promise<Status>

interface Rig {
  readonly loop: StatusLoop
  readonly clock: ManualClock
  /** "a@0": whom was asked, and when. */
  readonly asked: string[]
  readonly statuses: (readonly [peer: string, number: bigint, timing: StatusTiming])[]
  readonly disconnected: string[]
  readonly logged: (readonly [event: string, fields: LogFields])[]
  readonly answers: Map<string, Answer>
  connected: string[]
  /** Who speaks status; undefined: identify has not come. */
  readonly speaks: Map<string, boolean | undefined>
  own: Status
  readonly stop: AbortController
  readonly run: Promise<unknown>
}

const running: Rig[] = []

function askedMs({ asked }: Pick<Rig, 'asked'>): readonly number[] {
  return asked.map((one) => Number(one.split('@')[1]))
}

/** The hooks of each group of tests. */
function useFixture(): void {
  afterEach(async () => {
    for (const { stop, run } of running.splice(0)) {
      stop.abort(new Error('the node stops'))
      await run
    }
  })
}

function start(connected: readonly string[]): Rig {
  const stop = new AbortController()
  const rig: Omit<Rig, 'run' | 'loop'> = {
    clock: createManualClock(),
    asked: [],
    statuses: [],
    disconnected: [],
    logged: [],
    answers: new Map(),
    connected: [...connected],
    speaks: new Map(),
    own: OURS,
    stop
  }
  const note = (event: string, fields: LogFields = {}) => void rig.logged.push([event, fields])
  const request = async function* (peer: string, def: unknown, own: unknown, signal: AbortSignal) {
    assert.equal(def, STATUS)
    assert.equal(own, rig.own)
    rig.asked.push(`${peer}@${rig.clock.monotonicMs()}`)
    yield await (rig.answers.get(peer) ?? (async () => THEIRS))(signal)
  }
  const loop = createStatusLoop({
    clock: rig.clock,
    log: { ...silentLog, warn: note, debug: note },
    request: asRequestChunks(request),
    ownStatus: () => rig.own,
    connected: () => rig.connected,
    speaks: (peer) => (rig.speaks.has(peer) ? rig.speaks.get(peer) : true),
    onStatus: (peer, { unsafeNumber }, timing) =>
      void rig.statuses.push([peer, unsafeNumber, timing]),
    disconnect: async (peer) => void rig.disconnected.push(peer)
  })
  // It ends with the reason of the abort.
  const whole = Object.assign(rig, { loop, run: loop.run(stop.signal).catch(String) })
  running.push(whole)
  return whole
}

/** An answer that comes when the test says so. */
function heldAnswer(): {
  readonly answer: Answer
  readonly give: (status: Status) => void
  readonly fail: () => void
} {
  let give: (status: Status) => void = () => undefined
  let fail: () => void = () => undefined
  const answer: Answer = (signal) =>
    new Promise<Status>((resolve, reject) => {
      give = resolve
      fail = () => reject(new Error('the stream was reset'))
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    })
  return { answer, give: (status) => give(status), fail: () => fail() }
}

describe('the status loop', () => {
  useFixture()

  it('asks nobody who did not connect since', async () => {
    const { asked, clock } = start(['a', 'b'])
    await clock.advance(5_000)
    assert.deepEqual(asked, [])
  })
  it('exchanges status with a peer that connects, once', async () => {
    const { loop, clock, asked, statuses } = start(['a'])
    loop.onConnected('a')
    await clock.advance(5_000)
    assert.deepEqual(asked, ['a@1000'])
    assert.deepEqual(statuses, [['a', 7n, { tripMs: 0 }]])
  })
  it('tells everybody when the head moves, at most once a second', async () => {
    const { loop, clock, asked } = start(['a', 'b'])
    for (let step = 0; step < 10; step++) {
      loop.onHeadMoved()
      await clock.advance(250)
    }
    assert.deepEqual(asked, ['a@1000', 'b@1000', 'a@2000', 'b@2000'])
    await clock.advance(5_000)
    assert.deepEqual(asked.slice(4), ['a@3000', 'b@3000'])
  })
  it('tells a peer that connects again within the second when that is over, and leaves it out no more', async () => {
    const rig = start(['a'])
    rig.loop.onConnected('a')
    await rig.clock.advance(STATUS_INTERVAL_MS)
    const firstMs = askedMs(rig).at(-1)!
    rig.connected = []
    await rig.clock.advance(STATUS_INTERVAL_MS / 4)
    rig.connected = ['a']
    rig.loop.onConnected('a')
    await rig.clock.advance(STATUS_INTERVAL_MS / 4)
    assert.equal(askedMs(rig).at(-1), firstMs)
    await rig.clock.advance(STATUS_INTERVAL_MS)
    const [, ...again] = askedMs(rig).slice(askedMs(rig).indexOf(firstMs))
    assert.equal(again.length, 1)
    assert.ok(again[0]! - firstMs >= STATUS_INTERVAL_MS, String(again[0]! - firstMs))
  })
  it('leaves out who is gone', async () => {
    const rig = start(['a', 'b'])
    rig.loop.onHeadMoved()
    rig.connected = ['b']
    await rig.clock.advance(1_000)
    assert.deepEqual(rig.asked, ['b@1000'])
    rig.connected = ['a', 'b']
    await rig.clock.advance(2_000)
    assert.deepEqual(rig.asked, ['b@1000'])
  })
  it('measures how long the answer took', async () => {
    const rig = start(['a'])
    const slow = heldAnswer()
    rig.answers.set('a', slow.answer)
    rig.loop.onConnected('a')
    await rig.clock.advance(1_300)
    slow.give(THEIRS)
    await settle()
    assert.deepEqual(rig.statuses, [['a', 7n, { tripMs: 300 }]])
  })
})

describe('a peer that takes long', () => {
  useFixture()

  it('keeps nobody else waiting', async () => {
    const rig = start(['slow', 'a', 'b'])
    rig.answers.set('slow', heldAnswer().answer)
    for (let second = 0; second < 4; second++) {
      rig.loop.onHeadMoved()
      await rig.clock.advance(1_000)
    }
    assert.deepEqual(
      rig.asked.filter((one) => !one.startsWith('slow')),
      ['a@1000', 'b@1000', 'a@2000', 'b@2000', 'a@3000', 'b@3000', 'a@4000', 'b@4000']
    )
    assert.equal(rig.statuses.length, 8)
  })
  it('is not asked again meanwhile, and hears of the new head after', async () => {
    const rig = start(['slow'])
    const slow = heldAnswer()
    rig.answers.set('slow', slow.answer)
    rig.loop.onConnected('slow')
    await rig.clock.advance(1_000)
    rig.loop.onHeadMoved()
    await rig.clock.advance(3_000)
    assert.deepEqual(rig.asked, ['slow@1000'])
    slow.give(THEIRS)
    await settle()
    rig.answers.delete('slow')
    await rig.clock.advance(3_000)
    assert.deepEqual(rig.asked, ['slow@1000', 'slow@5000'])
    assert.equal(rig.statuses.length, 2)
  })
  it('is given up when the loop ends, which waits for that', async () => {
    const rig = start(['slow'])
    rig.answers.set('slow', heldAnswer().answer)
    rig.loop.onConnected('slow')
    await rig.clock.advance(1_000)
    rig.stop.abort(new Error('the node stops'))
    assert.match(String(await rig.run), /the node stops/)
    assert.equal(rig.clock.sleepersCount, 0)
    assert.deepEqual(rig.statuses, [])
    assert.deepEqual(rig.logged, [])
  })
})

describe('a peer that fails', () => {
  useFixture()

  it('harms nobody else and is asked again when the head moves', async () => {
    const rig = start(['a', 'b'])
    rig.answers.set('a', async () => Promise.reject(new Error('the stream was reset')))
    rig.loop.onHeadMoved()
    await rig.clock.advance(1_000)
    assert.deepEqual(
      rig.statuses.map(([peer]) => peer),
      ['b']
    )
    assert.deepEqual(rig.logged, [['status-failed', { peer: 'a', reason: 'the stream was reset' }]])
    rig.answers.delete('a')
    rig.loop.onHeadMoved()
    await rig.clock.advance(1_000)
    assert.deepEqual(
      rig.statuses.map(([peer]) => peer),
      ['b', 'a', 'b']
    )
  })
  for (const [what, change] of [
    ['another chain id', { chainId: 902n }],
    ['another genesis', { genesisHash: new Uint8Array(32) }]
  ] as const) {
    it(`by being of ${what} is sent away, and nothing it claims is kept`, async () => {
      const rig = start(['a'])
      rig.answers.set('a', async () => ({ ...THEIRS, ...change }))
      rig.loop.onConnected('a')
      await rig.clock.advance(1_000)
      assert.deepEqual(rig.disconnected, ['a'])
      assert.deepEqual(rig.statuses, [])
      assert.equal(rig.logged[0]?.[0], 'peer-on-another-chain')
    })
  }
})

describe('a peer that does not speak status', () => {
  const MINUTE_MS = 60_000
  const moveHeadFor = async ({ loop, clock }: Rig, ms: number) => {
    for (let passedMs = 0; passedMs < ms; passedMs += 1_000) {
      loop.onHeadMoved()
      await clock.advance(1_000)
    }
  }

  it('by identify is never asked, until it lists it: then at once', async () => {
    const rig = start(['a', 'b'])
    rig.speaks.set('a', false)
    rig.loop.onConnected('a')
    await moveHeadFor(rig, 10 * MINUTE_MS)
    assert.equal(rig.asked.filter((one) => one.startsWith('a')).length, 0)
    assert.equal(rig.asked.length, 600)
    rig.speaks.set('a', true)
    rig.loop.onProtocols('a')
    await rig.clock.advance(1_000)
    assert.ok(rig.asked.includes('a@601000'))
  })
  it('is waited for until identify has come', async () => {
    const rig = start(['a'])
    rig.speaks.set('a', undefined)
    rig.loop.onConnected('a')
    await rig.clock.advance(3_000)
    assert.deepEqual(rig.asked, [])
    rig.speaks.set('a', true)
    await rig.clock.advance(1_000)
    assert.deepEqual(rig.asked, ['a@4000'])
  })
  it('as nobody knows of it is asked once, and not again after it refused', async () => {
    const rig = start(['a'])
    rig.speaks.set('a', undefined)
    rig.answers.set('a', () => {
      // As the network does it: what was refused is not spoken from here on.
      rig.speaks.set('a', false)
      return failWith({ code: 'unsupported-protocol', peer: 'a', protocol: 'status' })
    })
    rig.loop.onConnected('a')
    await moveHeadFor(rig, 10 * MINUTE_MS)
    assert.deepEqual(rig.asked, [`a@${IDENTIFY_WAIT_MS}`])
    assert.equal(rig.logged.length, 1)
  })
})

describe('a peer that fails again and again', () => {
  const askedAtSeconds = ({ asked }: Rig) => asked.map((one) => Number(one.slice(2)) / 1_000)

  it('is asked ever less often, down to once a minute, and anew once it has answered', async () => {
    const rig = start(['a'])
    rig.answers.set('a', () => failWith({ code: 'stream-reset', peer: 'a', reason: 'gone' }))
    rig.loop.onConnected('a')
    await rig.clock.advance(240_000)
    assert.equal(STATUS_BACKOFF_MAX_MS, 60_000)
    assert.deepEqual(askedAtSeconds(rig), [1, 2, 4, 8, 16, 32, 64, 124, 184])
    rig.answers.delete('a')
    await rig.clock.advance(5_000)
    rig.answers.set('a', () => failWith({ code: 'stream-reset', peer: 'a', reason: 'gone' }))
    rig.loop.onHeadMoved()
    await rig.clock.advance(3_000)
    assert.deepEqual(askedAtSeconds(rig).slice(9), [244, 246, 247])
  })
  it('is asked when it says that it may be', async () => {
    const rig = start(['a'])
    rig.answers.set('a', () => failWith({ code: 'rate-limited', peer: 'a', retryAfterMs: 20_000 }))
    rig.loop.onConnected('a')
    await rig.clock.advance(45_000)
    assert.deepEqual(askedAtSeconds(rig), [1, 21, 41])
  })
  it('starts with a clean slate when it connects again', async () => {
    const rig = start(['a'])
    rig.answers.set('a', () => failWith({ code: 'stream-reset', peer: 'a', reason: 'gone' }))
    rig.loop.onConnected('a')
    await rig.clock.advance(40_000)
    rig.loop.onConnected('a')
    await rig.clock.advance(3_000)
    assert.deepEqual(askedAtSeconds(rig), [1, 2, 4, 8, 16, 32, 41, 42])
  })
  it('does not pay for what failed on the connection before', async () => {
    const rig = start(['a'])
    const old = heldAnswer()
    rig.answers.set('a', old.answer)
    rig.loop.onConnected('a')
    await rig.clock.advance(1_500)
    rig.loop.onConnected('a')
    old.fail()
    await settle()
    rig.answers.set('a', () => failWith({ code: 'stream-reset', peer: 'a', reason: 'gone' }))
    await rig.clock.advance(3_000)
    // At once in the next round, and again after the first pause, which is the shortest.
    assert.deepEqual(askedAtSeconds(rig), [1, 2, 3])
  })
})

function failWith(failure: RequestFailure): Promise<never> {
  return Promise.reject(new RequestError(failure))
}

describe('a peer that tells us its status', () => {
  useFixture()

  it('gets ours, and its claims are kept', () => {
    const { loop, statuses } = start(['a'])
    assert.deepEqual([...loop.answer('a', THEIRS)], [OURS])
    assert.deepEqual(statuses, [['a', 7n, { tripMs: 0 }]])
  })
  it('of another chain gets ours and is sent away', () => {
    const { loop, statuses, disconnected } = start(['a'])
    const answering = loop.answer('a', { ...THEIRS, chainId: 1n })[Symbol.iterator]()
    assert.equal(answering.next().value, OURS)
    assert.deepEqual(disconnected, [])
    assert.equal(answering.next().done, true)
    assert.deepEqual(statuses, [])
    assert.deepEqual(disconnected, ['a'])
  })

  it('tells everybody of a block that was accepted and is not applied yet, without being told of it', async () => {
    const rig = start(['a', 'b'])
    await settle()
    assert.deepEqual(rig.asked, [])
    rig.own = { ...OURS, acceptedNumber: 6n, acceptedHash: new Uint8Array(32).fill(6) }
    await rig.clock.advance(STATUS_INTERVAL_MS)
    const once = [`a@${STATUS_INTERVAL_MS}`, `b@${STATUS_INTERVAL_MS}`]
    assert.deepEqual(rig.asked, once)
    await rig.clock.advance(2 * STATUS_INTERVAL_MS)
    assert.deepEqual(rig.asked, once)
  })

  it('shows a peer of other forks once, and takes what it says', async () => {
    const rig = start([])
    const other = { ...THEIRS, forkDigest: new Uint8Array(4).fill(9) }
    const another = { ...THEIRS, forkDigest: new Uint8Array(4).fill(8) }
    for (const status of [THEIRS, other, other, another, THEIRS]) {
      assert.deepEqual([...rig.loop.answer('a', status)], [OURS])
    }
    const shown = rig.logged.filter(([event]) => event === 'peer-with-other-forks')
    const ourForkDigest = '0x00000000'
    assert.deepEqual(
      shown.map(([, fields]) => fields),
      [
        { peer: 'a', forkDigest: '0x09090909', ourForkDigest },
        { peer: 'a', forkDigest: '0x08080808', ourForkDigest }
      ]
    )
    assert.equal(rig.statuses.length, 5)
    assert.deepEqual(rig.disconnected, [])
  })
})
