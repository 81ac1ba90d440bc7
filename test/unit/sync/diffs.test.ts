// State diffs between peers: what is served, and whom a fetch asks, takes from, and blames.
import assert from 'node:assert/strict'
import { STATE_DIFF_MAX_BYTES } from '../../../protocols/state-diffs-by-range/codec.ts'
import { type RangeRequest } from '../../../protocols/range-request.ts'
import { ApplyError } from '../../../src/apply/apply-error.ts'
import { RequestError } from '../../../src/reqresp/request-error.ts'
import {
  fetchDiffs,
  type FetchDiffsDeps,
  fetchDiffsInBatches,
  STRANGERS_ASKED_MAX,
  WAITED_MAX_MS
} from '../../../src/sync/fetching/fetch-diffs.ts'
import { type FalseDiff } from '../../../src/sync/protocols/state-diffs-by-range.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import { asRequestChunks } from '../../support/request-chunks.ts'
import { ChainError } from '../../../src/chain/blocks/chain-error.ts'
import { isDiffServed, serveStateDiffs } from '../../../src/sync/protocols/state-diffs-by-range.ts'

const SIZE_BYTES = 100

/** Diffs of 100 bytes at the heights; the first byte is the height. */
function sourceOf(heights: readonly number[], large: readonly number[] = []) {
  return {
    diffByNumber(number: bigint) {
      const height = Number(number)
      if (!heights.includes(height)) return undefined
      const size = large.includes(height) ? STATE_DIFF_MAX_BYTES + 1 : SIZE_BYTES
      return new Uint8Array(size).fill(height)
    }
  }
}

describe('serveStateDiffs', () => {
  const all = sourceOf([1, 2, 3, 4])
  for (const [what, source, { start, count, maxBytes }, heights] of [
    ['all that is asked for', all, { start: 2n, count: 2n, maxBytes: 10_000 }, [2, 3]],
    ['what there is', all, { start: 3n, count: 9n, maxBytes: 10_000 }, [3, 4]],
    ['nothing above a gap', sourceOf([1, 3]), { start: 1n, count: 3n, maxBytes: 10_000 }, [1]],
    ['nothing where the first is missing', all, { start: 5n, count: 1n, maxBytes: 10_000 }, []],
    ['one diff whatever its size', all, { start: 1n, count: 3n, maxBytes: 0 }, [1]],
    ['what fits exactly', all, { start: 1n, count: 4n, maxBytes: 300 }, [1, 2, 3]],
    [
      'nothing from one that is too large on',
      sourceOf([1, 2, 3], [2]),
      { start: 1n, count: 3n, maxBytes: 2 ** 31 },
      [1]
    ],
    [
      'no first one that is too large',
      sourceOf([1], [1]),
      { start: 1n, count: 1n, maxBytes: 0 },
      []
    ]
  ] as const) {
    it(`sends ${what}`, () => {
      const sent = [...serveStateDiffs(source, { start, count, maxBytes })]
      assert.deepEqual(
        sent.map((bytes) => bytes[0]),
        heights
      )
      assert.equal(isDiffServed(source, start), heights.length > 0)
    })
  }
  it('sends up to a diff that the disk damaged, as to one that is missing', () => {
    const damaged = {
      diffByNumber(number: bigint) {
        if (number === 3n) throw new ChainError({ code: 'entry-damaged', entry: 'diff', key: '0x' })
        return all.diffByNumber(number)
      }
    }
    const sent = [...serveStateDiffs(damaged, { start: 2n, count: 3n, maxBytes: 10_000 })]
    assert.deepEqual(
      sent.map((bytes) => bytes[0]),
      [2]
    )
    assert.equal(isDiffServed(damaged, 3n), false)
  })
})

type Peer = (request: RangeRequest) => Iterable<Uint8Array>

/** Serves these heights, in this order, whatever was asked for from where. */
function sending(...heights: readonly number[]): Peer {
  return () => heights.map((height) => Uint8Array.of(height))
}

/** Serves truly, at most so many in one answer. */
function honest(answerMax = 1024): Peer {
  return ({ start, count }) => {
    const length = Math.min(Number(count), answerMax)
    return Array.from({ length }, (_, at) => Uint8Array.of(Number(start) + at))
  }
}

function failing(): Iterable<Uint8Array> {
  throw new Error('unavailable')
}

async function fetchFrom(
  peers: Readonly<Record<string, Peer>>,
  last = 5n,
  deps: Pick<FetchDiffsDeps, 'clock' | 'isConfigured'> = {}
) {
  const asked: string[] = []
  const taken: string[] = []
  const blamed: FalseDiff[] = []
  const request = async function* (peer: string, _: unknown, range: RangeRequest): AsyncGenerator {
    asked.push(`${peer} ${range.start}+${range.count}`)
    yield* peers[peer]?.(range) ?? []
  }
  const outcome = await fetchDiffs(
    {
      request: asRequestChunks(request),
      onFalse: (failure) => void blamed.push(failure),
      ...deps
    },
    { first: 1n, last, peers: Object.keys(peers), signal: new AbortController().signal },
    async (number, bytes, peer) => {
      if (bytes[0] === 255) throw new ApplyError({ code: 'state-not-readable', number })
      if (bytes[0] !== Number(number)) {
        throw new ApplyError({ code: 'diff-refused', number, reason: 'another height' })
      }
      taken.push(`${number} of ${peer}`)
      return Promise.resolve()
    }
  )
  return { outcome, asked, taken, blamed }
}

describe('fetchDiffs', () => {
  it('takes all from one peer, in several answers', async () => {
    const { outcome, asked, taken, blamed } = await fetchFrom({ a: honest(2), b: honest() })
    assert.deepEqual(outcome, { kind: 'done' })
    assert.deepEqual(asked, ['a 1+5', 'a 3+3', 'a 5+1'])
    assert.equal(taken.length, 5)
    assert.deepEqual(blamed, [])
  })
  it('leaves a peer that serves one diff a request to the last, and takes it where there is no other', async () => {
    const { outcome, asked, taken } = await fetchFrom({ mini: honest(1), a: honest(40) }, 100n)
    assert.deepEqual(outcome, { kind: 'done' })
    assert.deepEqual(asked, ['mini 1+100', 'mini 2+99', 'a 3+98', 'a 43+58', 'a 83+18'])
    assert.equal(taken.length, 100)
    const alone = await fetchFrom({ mini: honest(1), none: () => [] }, 100n)
    assert.deepEqual(alone.outcome, { kind: 'done' })
    assert.equal(alone.asked.length, 101)
  })
  it('asks for no more than one answer may hold', async () => {
    const { asked } = await fetchFrom({ a: () => [] }, 5_000n)
    assert.deepEqual(asked, ['a 1+1024'])
  })
  it('goes on with the next peer where one ended, and blames nobody for it', async () => {
    const { outcome, asked, taken, blamed } = await fetchFrom({
      a: failing,
      b: ({ start }) => (start === 1n ? [Uint8Array.of(1), Uint8Array.of(2)] : []),
      c: honest()
    })
    assert.deepEqual(outcome, { kind: 'done' })
    assert.deepEqual(asked, ['a 1+5', 'b 1+5', 'b 3+3', 'c 3+3'])
    assert.deepEqual(taken.at(-1), '5 of c')
    assert.deepEqual(blamed, [])
  })
  it('blames who serves a false diff, and keeps what was good before it', async () => {
    const { outcome, taken, blamed } = await fetchFrom({ a: sending(1, 2, 9), b: honest() })
    assert.deepEqual(outcome, { kind: 'done' })
    assert.deepEqual(taken, ['1 of a', '2 of a', '3 of b', '4 of b', '5 of b'])
    assert.deepEqual(
      blamed.map(({ code, peer, number }) => [code, peer, number]),
      [['diff-false', 'a', 3n]]
    )
  })
  it('blames who serves more than was asked for', async () => {
    const { outcome, blamed } = await fetchFrom({ a: sending(1, 2, 3) }, 2n)
    assert.deepEqual(outcome, { kind: 'done' })
    assert.deepEqual(
      blamed.map(({ code, peer, number }) => [code, peer, number]),
      [['diff-unrequested', 'a', 3n]]
    )
  })
  it('says why nobody served them', async () => {
    assert.deepEqual((await fetchFrom({})).outcome, {
      kind: 'failed',
      reason: 'no connected peer keeps them'
    })
    assert.deepEqual((await fetchFrom({ a: failing })).outcome, {
      kind: 'failed',
      reason: 'a: unavailable'
    })
  })
  it('asks configured peers first, and few strangers after them', async () => {
    const strangers = Array.from({ length: 20 }, (_, index) => `stranger-${String(index)}`)
    const isConfigured = (peer: string) => peer === 'backup'
    const peers = Object.fromEntries([...strangers, 'backup'].map((peer) => [peer, failing]))
    const { asked } = await fetchFrom(peers, 5n, { isConfigured })
    assert.equal(asked[0], 'backup 1+5')
    assert.equal(asked.length, 1 + STRANGERS_ASKED_MAX)
  })
  it('asks a peer again when it said it may, unless that is long', async () => {
    for (const [retryAfterMs, kind] of [
      [3_000, 'done'],
      [WAITED_MAX_MS + 1, 'failed']
    ] as const) {
      const clock = createManualClock()
      let count = 0
      const busy: Peer = (range) => {
        if (count++ > 0) return honest()(range)
        throw new RequestError({ code: 'rate-limited', peer: 'a', retryAfterMs })
      }
      let isDone = false
      const fetching = fetchFrom({ a: busy }, 5n, { clock }).finally(() => {
        isDone = true
      })
      for (let ms = 0; ms < 2_000; ms += 1_000) await clock.advance(1_000)
      assert.equal(count, 1)
      while (!isDone) await clock.advance(1_000)
      assert.equal((await fetching).outcome.kind, kind)
    }
  })
  it('throws what is not the fault of a peer', async () => {
    await assert.rejects(fetchFrom({ a: sending(255), b: honest() }), /state-not-readable/)
  })
})

describe('fetchDiffsInBatches', () => {
  /** Each batch as it was handed over, and where it was refused. */
  async function fetchBatches(
    peers: Readonly<Record<string, Peer>>,
    bounds: { readonly count: number; readonly bytes: number }
  ) {
    const batches: string[] = []
    const blamed: FalseDiff[] = []
    const request = async function* (peer: string, _: unknown, range: RangeRequest) {
      yield* peers[peer]?.(range) ?? []
    }
    const outcome = await fetchDiffsInBatches(
      { request: asRequestChunks(request), onFalse: (failure) => void blamed.push(failure) },
      { first: 1n, last: 7n, peers: Object.keys(peers), signal: new AbortController().signal },
      bounds,
      ({ first, diffs, peer }) => {
        const bad = diffs.findIndex((bytes, at) => bytes[0] !== Number(first) + at)
        const good = bad < 0 ? diffs.length : bad
        batches.push(`${String(first)}+${String(good)} of ${peer}`)
        if (bad < 0) return Promise.resolve()
        const number = first + BigInt(bad)
        throw new ApplyError({ code: 'diff-refused', number, reason: 'another height' })
      }
    )
    return { outcome, batches, blamed }
  }

  it('hands over as many as the bounds allow, and at the end what is left', async () => {
    const byCount = await fetchBatches({ a: honest() }, { count: 3, bytes: 100 })
    assert.deepEqual(byCount.batches, ['1+3 of a', '4+3 of a', '7+1 of a'])
    assert.deepEqual(byCount.outcome, { kind: 'done' })
    const byBytes = await fetchBatches({ a: honest() }, { count: 100, bytes: 2 })
    assert.deepEqual(byBytes.batches, ['1+2 of a', '3+2 of a', '5+2 of a', '7+1 of a'])
  })
  it('keeps what was good before a false one of a batch, and blames for that one', async () => {
    const peers = { a: sending(1, 2, 9, 4), b: honest() }
    const { outcome, batches, blamed } = await fetchBatches(peers, { count: 64, bytes: 100 })
    assert.deepEqual(outcome, { kind: 'done' })
    assert.deepEqual(batches, ['1+2 of a', '3+5 of b'])
    assert.deepEqual(
      blamed.map(({ code, peer, number }) => [code, peer, number]),
      [['diff-false', 'a', 3n]]
    )
  })
  it('takes what came whole before an answer broke off', async () => {
    const broken: Peer = function* ({ start }) {
      if (start > 1n) throw new Error('still broken')
      yield Uint8Array.of(1)
      yield Uint8Array.of(2)
      throw new Error('the stream was cut')
    }
    const peers = { a: broken, b: honest() }
    const { outcome, batches, blamed } = await fetchBatches(peers, { count: 64, bytes: 100 })
    assert.deepEqual(outcome, { kind: 'done' })
    assert.deepEqual(batches, ['1+2 of a', '3+5 of b'])
    assert.deepEqual(blamed, [])
  })
})
