// Whom the pool asks next: by what each peer delivered against what was asked, on a clock driven by hand.
import assert from 'node:assert/strict'
import { setMaxListeners } from 'node:events'
import { RequestError } from '../../../src/reqresp/request-error.ts'
import { type AttemptResult } from '../../../src/sync/fetching/fetch-job.ts'
import {
  FetchPool,
  IN_FLIGHT_PER_PEER_MAX,
  QUIET_MAX_MS
} from '../../../src/sync/fetching/fetch-pool.ts'
import { WINDOW_RANGES_MAX } from '../../../src/sync/fetching/gap-window.ts'
import {
  createPeerRecord,
  isOutdoneBy,
  noteDelivery,
  PROBE_INTERVAL_MS,
  WAITED_STRIKES_MAX
} from '../../../src/sync/fetching/peer-record.ts'
import { RANGE_BLOCKS_MAX } from '../../../src/sync/fetching/range-fetcher.ts'
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts'

const BLOCK_BYTES = 700
const GAP_BLOCKS = 10_000
const NEVER = new AbortController().signal
setMaxListeners(WINDOW_RANGES_MAX, NEVER)

/** How a peer serves: how long a request takes, and how many blocks it brings of those asked for. */
interface Way {
  readonly ms: number
  readonly answerMax?: number
  readonly fails?: () => unknown
  /** It does not hear that the piece ended. */
  readonly isDeaf?: boolean
}

/** Pieces of a gap as they are fetched: so many at once, each of them one request's blocks. */
function createWorld(
  names: readonly string[],
  wayOf: (peer: string, clock: ManualClock) => Way,
  isConfigured?: (peer: string) => boolean
) {
  const clock = createManualClock()
  const slow: string[] = []
  const onSlow = (peer: string) => void slow.push(peer)
  const pool = new FetchPool({ clock, onSlow, ...(isConfigured && { isConfigured }) })
  const asked = new Map<string, number>(names.map((name) => [name, 0]))
  const brought = new Map<string, number>(names.map((name) => [name, 0]))
  const add = (map: Map<string, number>, peer: string, count: number) =>
    map.set(peer, (map.get(peer) ?? 0) + count)

  async function fetchPiece(blocksCount: number) {
    let left = blocksCount
    return pool.fetch(
      {
        peers: () => names,
        async attempt(peer, signal): Promise<AttemptResult> {
          const { ms, answerMax = Infinity, fails, isDeaf = false } = wayOf(peer, clock)
          add(asked, peer, 1)
          const askedCount = left
          await clock.sleep(ms, isDeaf ? undefined : signal)
          const error = fails?.()
          if (error !== undefined) return { kind: 'failed', error, hasPart: left < blocksCount }
          const itemsCount = Math.min(askedCount, answerMax)
          const taken = Math.min(left, itemsCount)
          left -= taken
          add(brought, peer, taken)
          const bytes = itemsCount * BLOCK_BYTES
          const delivery = { askedCount, itemsCount, bytes, isLimited: false }
          return { kind: left > 0 ? 'part' : 'done', delivery }
        }
      },
      NEVER
    )
  }

  async function fetchGap(blocksCount: number) {
    let unplanned = blocksCount
    const work = async () => {
      while (unplanned > 0) {
        const count = Math.min(RANGE_BLOCKS_MAX, unplanned)
        unplanned -= count
        assert.equal((await fetchPiece(count)).kind, 'done')
      }
    }
    let isDone = false
    const all = Promise.all(Array.from({ length: WINDOW_RANGES_MAX }, work)).then(() => {
      isDone = true
    })
    const startMs = clock.monotonicMs()
    while (!isDone) {
      assert.ok(clock.monotonicMs() - startMs < 600_000, 'it does not end')
      await clock.advance(10)
    }
    await all
    return clock.monotonicMs() - startMs
  }
  return { clock, asked, brought, slow, fetchGap, fetchPiece }
}

describe('the choice of the fetch pool', () => {
  it('leaves a peer that serves one block a request, honest and first as it is', async () => {
    const { asked, brought, slow, fetchGap } = createWorld(['mini', 'full'], (peer) =>
      peer === 'mini' ? { ms: 2, answerMax: 1 } : { ms: 200 }
    )
    await fetchGap(GAP_BLOCKS)
    assert.ok((brought.get('full') ?? 0) >= GAP_BLOCKS - 100)
    assert.ok((asked.get('mini') ?? 0) <= 10, `${String(asked.get('mini'))} requests`)
    assert.ok((asked.get('full') ?? 0) <= GAP_BLOCKS / RANGE_BLOCKS_MAX + 5)
    assert.deepEqual(slow, [])
  })

  it('takes one block a request where nobody serves more', async () => {
    const { brought, fetchGap } = createWorld(['mini', 'other'], () => ({ ms: 2, answerMax: 1 }))
    await fetchGap(RANGE_BLOCKS_MAX)
    assert.ok([...brought.values()].every((count) => count > 0))
  })

  it('leaves a peer that is many times slower, and a short gap to the faster one', async () => {
    const { brought, fetchGap } = createWorld(['slow', 'fast'], (peer) => ({
      ms: peer === 'slow' ? 900 : 50
    }))
    await fetchGap(GAP_BLOCKS)
    const fromSlow = brought.get('slow') ?? 0
    assert.ok(fromSlow <= IN_FLIGHT_PER_PEER_MAX * RANGE_BLOCKS_MAX, String(fromSlow))
    await fetchGap(RANGE_BLOCKS_MAX)
    assert.equal(brought.get('slow'), fromSlow)
  })

  it('shares a gap among peers that are about as fast', async () => {
    const { brought, fetchGap } = createWorld(['a', 'b', 'c'], (peer) => ({
      ms: peer === 'a' ? 300 : 100
    }))
    await fetchGap(GAP_BLOCKS)
    assert.ok([...brought.values()].every((count) => count >= GAP_BLOCKS / 10))
  })

  it('tries a peer that it left again, and takes it back when it serves well', async () => {
    const { clock, brought, fetchGap } = createWorld(['mini', 'full'], (peer, now) => {
      const isMini = peer === 'mini' && now.monotonicMs() < 5_000
      return isMini ? { ms: 2, answerMax: 1 } : { ms: 200 }
    })
    await fetchGap(2_560)
    const before = brought.get('mini') ?? 0
    assert.ok(before < 50)
    await clock.advance(PROBE_INTERVAL_MS)
    await fetchGap(GAP_BLOCKS)
    assert.ok((brought.get('mini') ?? 0) > GAP_BLOCKS / 3)
  })

  it('does not wait for a better one that keeps quiet', async () => {
    let isStuck = false
    const world = createWorld(['mini', 'full'], (peer) => {
      if (peer === 'mini') return { ms: 2, answerMax: 16 }
      return isStuck ? { ms: 3_600_000 } : { ms: 100 }
    })
    await world.fetchGap(2_560)
    isStuck = true
    const tookMs = await world.fetchGap(4 * RANGE_BLOCKS_MAX)
    assert.ok(tookMs < 2 * QUIET_MAX_MS, `${String(tookMs)} ms`)
    assert.ok(world.slow.includes('full'))
  })

  it('does not wait for one that is stuck in pieces that ended without it', async () => {
    let isStuck = false
    const world = createWorld(['mini', 'full'], (peer) => {
      if (peer === 'mini') return { ms: 2, answerMax: 16 }
      return isStuck ? { ms: 3_600_000, isDeaf: true } : { ms: 100 }
    })
    await world.fetchGap(2_560)
    isStuck = true
    await world.fetchGap(2 * RANGE_BLOCKS_MAX)
    const tookMs = await world.fetchGap(4 * RANGE_BLOCKS_MAX)
    assert.ok(tookMs < QUIET_MAX_MS, `${String(tookMs)} ms`)
  })

  it('does not wait for a better one that may not be asked yet', async () => {
    let isLimited = false
    const limit = () =>
      isLimited
        ? new RequestError({ code: 'rate-limited', peer: 'full', retryAfterMs: 5_000 })
        : undefined
    const limited = createWorld(['mini', 'full'], (peer) =>
      peer === 'mini' ? { ms: 2, answerMax: 16 } : { ms: 100, fails: limit }
    )
    await limited.fetchGap(2_560)
    isLimited = true
    const before = limited.brought.get('mini') ?? 0
    assert.ok((await limited.fetchGap(RANGE_BLOCKS_MAX)) < 1_000)
    assert.equal((limited.brought.get('mini') ?? 0) - before, RANGE_BLOCKS_MAX)
  })

  it('gives the piece of a fast peer that breaks the protocol to one that it had left', async () => {
    let isFalse = false
    const { brought, fetchPiece, fetchGap, clock } = createWorld(['mini', 'liar'], (peer) => {
      if (peer === 'mini') return { ms: 2, answerMax: 16 }
      return { ms: 50, fails: () => (isFalse ? new Error('a false block') : undefined) }
    })
    await fetchGap(2_560)
    isFalse = true
    const before = brought.get('mini') ?? 0
    const outcome = fetchPiece(RANGE_BLOCKS_MAX)
    await clock.advance(1_000)
    assert.deepEqual(await outcome, { kind: 'done', peer: 'mini' })
    assert.equal((brought.get('mini') ?? 0) - before, RANGE_BLOCKS_MAX)
  })
})

describe('the fetch pool among strangers', () => {
  const backups = ['backup-1', 'backup-2']
  const strangers = Array.from({ length: 200 }, (_, index) => `stranger-${String(index)}`)
  const isBackup = (peer: string) => backups.includes(peer)
  const askedOf = ({ asked }: { asked: ReadonlyMap<string, number> }) =>
    strangers.reduce((sum, peer) => sum + (asked.get(peer) ?? 0), 0)

  it('asks none while its configured peers serve, however many and quick they look', async () => {
    const alone = createWorld(backups, () => ({ ms: 100 }), isBackup)
    const aloneMs = await alone.fetchGap(GAP_BLOCKS)
    const beset = createWorld([...strangers, ...backups], () => ({ ms: 100 }), isBackup)
    assert.equal(await beset.fetchGap(GAP_BLOCKS), aloneMs)
    assert.equal(askedOf(beset), 0)
  })

  it('gets a gap from one backup while the other hangs and two hundred strangers stall', async () => {
    const world = createWorld(
      [...strangers, ...backups],
      (peer) => (peer === 'backup-2' ? { ms: 100 } : { ms: 10_000 }),
      isBackup
    )
    const tookMs = await world.fetchGap(GAP_BLOCKS)
    assert.ok(tookMs < 10_000, `${String(tookMs)} ms`)
  })

  it('takes from strangers what its configured peers do not have', async () => {
    const unavailable = (peer: string) => () =>
      new RequestError({ code: 'unavailable', peer, reason: 'not held' })
    const world = createWorld(
      [...backups, ...strangers.slice(0, 3)],
      (peer) => (isBackup(peer) ? { ms: 5, fails: unavailable(peer) } : { ms: 50 }),
      isBackup
    )
    await world.fetchGap(4 * RANGE_BLOCKS_MAX)
    assert.ok(askedOf(world) >= 4)
  })

  it('takes from strangers while its configured peers ask it to wait, and waits as long as they say', async () => {
    const askedMs: number[] = []
    const world = createWorld(
      ['backup-1', 'stranger-0'],
      (peer, clock) => {
        if (peer !== 'backup-1') return { ms: 3_000 }
        askedMs.push(clock.monotonicMs())
        const retryAfterMs = 20_000
        return {
          ms: 1,
          fails: () => new RequestError({ code: 'rate-limited', peer, retryAfterMs })
        }
      },
      isBackup
    )
    await world.fetchGap(16 * RANGE_BLOCKS_MAX)
    const gaps = askedMs.slice(IN_FLIGHT_PER_PEER_MAX).map((ms) => ms - (askedMs[0] ?? 0))
    assert.ok(gaps.length > 0 && gaps.every((ms) => ms >= 20_000), gaps.join(' '))
  })
})

describe('a peer’s record', () => {
  const full = { askedCount: 256, itemsCount: 256, bytes: 256 * BLOCK_BYTES, isLimited: false }
  const record = (...deliveries: readonly (readonly [Partial<typeof full>, number])[]) => {
    const made = createPeerRecord()
    for (const [changes, ms] of deliveries) noteDelivery(made, { ...full, ...changes }, ms)
    return made
  }
  const good = record([{}, 100])
  const one = { itemsCount: 1, bytes: BLOCK_BYTES }

  for (const [what, own, other, isOutdone] of [
    ['as good', record([{}, 100]), good, false],
    ['a little slower', record([{}, 700]), good, false],
    ['many times slower', record([{}, 900]), good, true],
    ['short once', record([one, 1]), good, false],
    ['short again', record([one, 1], [one, 1]), good, true],
    ['short again, as the other is', record([one, 1], [one, 1]), record([one, 1], [one, 1]), false],
    ['short, then whole', record([one, 1], [one, 1], [{}, 1]), good, false],
    ['short again, the other not measured', record([one, 1], [one, 1]), createPeerRecord(), true],
    [
      'short again, and then with the end of a piece',
      record([one, 1], [one, 1], [{ askedCount: 40, itemsCount: 20 }, 1]),
      good,
      true
    ],
    ['cut at the limit of bytes', record([{ ...one, isLimited: true }, 1]), good, false],
    ['measured by what was too little to tell', record([{ askedCount: 8 }, 60_000]), good, false],
    ['not measured', createPeerRecord(), good, false],
    ['slow, the other not measured', record([{}, 60_000]), createPeerRecord(), false],
    ['slow, the other not to be asked yet', record([{}, 900]), { ...good, notBeforeMs: 1 }, false],
    [
      'slow, the other failing again and again',
      record([{}, 900]),
      { ...good, strikes: WAITED_STRIKES_MAX + 1 },
      false
    ]
  ] as const) {
    it(`${isOutdone ? 'is' : 'is not'} outdone when it is ${what}`, () => {
      assert.equal(isOutdoneBy(own, other, 0), isOutdone)
    })
  }
})
