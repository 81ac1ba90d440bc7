// How far a recovery is: in the log every few seconds or on a display, in /health and in /metrics, with the same figures.
import assert from 'node:assert/strict'
import { type LogFields, silentLog } from '../../../src/base/log.ts'
import { joinedShare } from '../../../src/node/node-status.ts'
import {
  createProgressLines,
  PROGRESS_LINE_MS,
  PROGRESS_LOOK_MS
} from '../../../src/report/progress-lines.ts'
import { stageValues } from '../../../src/report/stage-values.ts'
import { createProgress, type CurrentStage } from '../../../src/recovery/actions/progress.ts'
import { createManualClock, settle } from '../../support/manual-clock.ts'
import { ref } from '../recovery/findings-fixture.ts'

const PARTS = [
  { name: 'accounts', done: 80, expected: 160 },
  { name: 'slots', done: 15, expected: 60 },
  { name: 'codes', done: 5, expected: undefined }
]

/** A state that is half there after 10 s, fetched until `finish`. */
async function withFetch(
  work: (world: {
    readonly clock: ReturnType<typeof createManualClock>
    readonly stages: () => readonly CurrentStage[]
    readonly finish: () => void
  }) => Promise<void>
) {
  const clock = createManualClock()
  const progress = createProgress({ clock, log: silentLog, onStage: () => Promise.resolve() })
  let finish: () => void = () => undefined
  const end = new Promise<void>((resolve) => {
    finish = resolve
  })
  const stage = progress.stage('fetch-state', async (counter) => {
    await clock.sleep(10_000)
    counter.add({ items: 60, bytes: 4_000, peer: 'a' })
    counter.add({ items: 40, bytes: 2_000, peer: 'b' })
    counter.expect(300)
    counter.detail(PARTS, 0.25)
    await end
  })
  try {
    await work({ clock, stages: () => progress.current(), finish })
  } finally {
    finish()
    await clock.advance(10_000)
    await stage
  }
}

describe('the progress of a recovery', () => {
  it('is a line of the log every few seconds, from a stage on that has run so long', async () => {
    await withFetch(async ({ clock, stages, finish }) => {
      const lines: [string, LogFields | undefined][] = []
      const log = {
        ...silentLog,
        info: (event: string, fields?: LogFields) => void lines.push([event, fields])
      }
      const stop = new AbortController()
      const lineWriter = createProgressLines({ clock, log, stages, display: undefined })
      const running = lineWriter.run(stop.signal)
      await clock.advance(PROGRESS_LINE_MS - 1)
      assert.equal(lines.length, 0)
      await clock.advance(3 * PROGRESS_LINE_MS)
      assert.deepEqual(lines.at(-1), [
        'recovery-progress',
        {
          ...{ stage: 'fetch-state', done: 100, expected: 400, percent: 25 },
          ...{ perSecond: 7, leftSeconds: 45, bytes: 6_000, peers: 2 },
          ...{ accounts: 80, slots: 15, codes: 5 }
        }
      ])
      assert.equal(lines.length, 3)
      finish()
      await settle()
      await clock.advance(3 * PROGRESS_LINE_MS)
      assert.equal(lines.length, 3)
      stop.abort()
      await running
    })
  })

  it('is on the display instead, until it stops', async () => {
    await withFetch(async ({ clock, stages }) => {
      const shown: (readonly string[])[] = []
      const log = { ...silentLog, info: () => assert.fail('a line beside the display') }
      const display = {
        show: (now: readonly CurrentStage[]) => void shown.push(now.map(({ name }) => name))
      }
      const stop = new AbortController()
      const running = createProgressLines({ clock, log, stages, display }).run(stop.signal)
      await clock.advance(2 * PROGRESS_LOOK_MS)
      assert.deepEqual(shown.at(-1), ['fetch-state'])
      stop.abort()
      await running
      assert.deepEqual(shown.at(-1), [])
    })
  })

  it('is what metrics say', async () => {
    await withFetch(async ({ clock, stages }) => {
      await clock.advance(20_000)
      assert.deepEqual(stageValues(stages()), {
        ...{ recovery_items: 100, recovery_items_expected: 400, recovery_items_per_second: 5 },
        ...{ recovery_peers: 2, fetched_accounts: 80, fetched_slots: 15, fetched_codes: 5 },
        fetched_blocks: undefined
      })
    })
    const none = Object.values(stageValues([]))
    assert.ok(none.every((value) => value === undefined))
  })

  it('is the share of /health: of the state first, then of the blocks', async () => {
    const heads = { headNumber: 30n, behindCount: 10n }
    const following = { stateAction: { action: 'none' }, stages: [] } as const
    await withFetch(async ({ clock, stages }) => {
      await clock.advance(10_000)
      assert.equal(joinedShare(heads, { ...following, stages: stages() }), 0.25)
    })
    assert.equal(joinedShare(heads, following), 0.75)
    const begun = { action: 'fetch-state', head: ref(30) } as const
    assert.equal(joinedShare(heads, { ...following, stateAction: begun }), 0)
    assert.equal(joinedShare({ headNumber: 0n, behindCount: 0n }, following), 0)
  })
})
