// The watch for pauses: what counts as one, on either clock, and what does not.
import assert from 'node:assert/strict'
import { systemClock } from '../../../src/base/clock.ts'
import { createPauseWatch } from '../../../src/base/pause-watch.ts'
import { createManualClock } from '../../support/manual-clock.ts'

const BLOCK_TIME_MS = 1_000
const START_MS = 1_700_000_000_000
/** Three slots. */
const LIMIT_MS = 3_000

describe('the pause watch', () => {
  function watch() {
    const clock = createManualClock({ startMs: START_MS })
    const pauses: number[] = []
    const held: number[] = []
    const cpu: { ms: number | undefined } = { ms: 0 }
    const deps = {
      clock,
      onPause: (pausedMs: number) => pauses.push(pausedMs),
      onHeld: (heldMs: number) => held.push(heldMs),
      threadCpuMs: () => cpu.ms
    }
    const watched = createPauseWatch(deps, { blockTimeMs: BLOCK_TIME_MS })
    return { clock, cpu, pauses, held, watched }
  }

  for (const [title, passedMs, workedMs, pausedMs, heldMs] of [
    ['its own work', 5_000, 4_500, undefined, 5_000],
    ['as much of its own work as leaves no pause', 6_000, 3_000, undefined, 6_000],
    ['a pause beside its own work', 6_000, 2_999, 3_001, undefined],
    ['work that is longer than any of ours is', 6_001, 6_001, 3_001, undefined],
    ['a suspended machine that counts the time as work', 600_000, 600_000, 597_000, undefined],
    ['a process that computed nothing', 4_000, 0, 4_000, undefined],
    ['a thread whose work the system does not count', 4_000, undefined, 4_000, undefined]
  ] as const) {
    it(`${pausedMs === undefined ? 'takes for no pause' : 'takes for a pause'} ${title}`, async () => {
      const { clock, cpu, pauses, held, watched } = watch()
      await clock.advance(passedMs)
      cpu.ms = workedMs
      watched.check()
      assert.deepEqual(pauses, pausedMs === undefined ? [] : [pausedMs])
      assert.deepEqual(held, heldMs === undefined ? [] : [heldMs])
    })
  }

  it('takes a thread that computes for its own work, and one that sleeps for a pause', () => {
    const pauses: number[] = []
    const held: number[] = []
    const deps = {
      clock: systemClock,
      onPause: (pausedMs: number) => pauses.push(pausedMs),
      onHeld: (heldMs: number) => held.push(heldMs)
    }
    const watched = createPauseWatch(deps, { blockTimeMs: 40 })
    const cell = new Int32Array(new SharedArrayBuffer(4))
    Atomics.wait(cell, 0, 0, 130)
    watched.check()
    assert.deepEqual([pauses.length, held.length], [1, 0])
    if (process.platform !== 'linux') return
    const startMs = process.cpuUsage().user / 1_000
    while (process.cpuUsage().user / 1_000 - startMs < 200);
    watched.check()
    // A loaded machine may keep the thread from its processor for long, which is a pause in doubt.
    assert.equal(held.length + pauses.length, 2)
  })

  for (const [title, passedMs, setMs, pausedMs] of [
    ['no time at all', 0, 0, undefined],
    ['as long as is allowed', LIMIT_MS, 0, undefined],
    ['a process that stood still for longer', LIMIT_MS + 1, 0, LIMIT_MS + 1],
    ['a wall clock set forward within the limit', 0, LIMIT_MS, undefined],
    ['a wall clock set forward beyond it', 0, LIMIT_MS + 1, LIMIT_MS + 1],
    ['a wall clock set back beyond it', 0, -LIMIT_MS - 1, LIMIT_MS + 1],
    ['a machine that slept, its monotonic clock with it', 10, 3_600_000, 3_600_000],
    ['a clock that was set while the process stood still', 5_000, -60_000, 60_000]
  ] as const) {
    it(`${pausedMs === undefined ? 'lets pass' : 'notices'} ${title}`, async () => {
      const { clock, pauses, watched } = watch()
      await clock.advance(passedMs)
      clock.setWallClock(START_MS + passedMs + setMs)
      watched.check()
      assert.deepEqual(pauses, pausedMs === undefined ? [] : [pausedMs])
      watched.check()
      assert.equal(pauses.length, pausedMs === undefined ? 0 : 1, 'one pause is noticed once')
    })
  }

  it('looks by itself four times a slot while it runs, and no more once it is stopped', async () => {
    const { clock, pauses, watched } = watch()
    const stop = new AbortController()
    const life = watched.run(stop.signal)
    await clock.advance(60_000)
    assert.deepEqual(pauses, [], 'time that passes slot by slot is no pause')
    clock.setWallClock(clock.nowMs() + 10_000)
    await clock.advance(BLOCK_TIME_MS / 4)
    assert.deepEqual(pauses, [10_000])
    stop.abort()
    await life
    assert.equal(clock.sleepersCount, 0)
  })
})
