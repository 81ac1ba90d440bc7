// The machine's clock, and the one that tests drive.
import assert from 'node:assert/strict'
import { systemClock } from '../../../src/base/clock.ts'
import { createManualClock } from '../../support/manual-clock.ts'

describe('the machine clock', () => {
  it('sleeps at least as long as asked, to the timer’s millisecond', async () => {
    const startMs = systemClock.monotonicMs()
    await systemClock.sleep(5)
    assert.ok(systemClock.monotonicMs() - startMs >= 4)
  })

  it('does not sleep for nothing or less', async () => {
    await systemClock.sleep(0)
    await systemClock.sleep(-1)
  })

  it('rejects with the reason of the signal, before and during the sleep', async () => {
    const reason = new Error('stopped')
    await assert.rejects(systemClock.sleep(60_000, AbortSignal.abort(reason)), reason)
    await assert.rejects(systemClock.sleep(0, AbortSignal.abort(reason)), reason)
    const controller = new AbortController()
    const sleeping = systemClock.sleep(60_000, controller.signal)
    controller.abort(reason)
    await assert.rejects(sleeping, reason)
  })

  it('holds a sleep that is longer than a timer can be', async () => {
    const controller = new AbortController()
    let woke = false
    const sleeping = systemClock.sleep(2 ** 40, controller.signal).then(() => {
      woke = true
    })
    await systemClock.sleep(20)
    assert.equal(woke, false)
    controller.abort(new Error('enough'))
    await assert.rejects(sleeping, /enough/)
  })
})

describe('the manual clock', () => {
  it('wakes sleepers in order, each at its time, and those they put to sleep', async () => {
    const clock = createManualClock()
    const woken: string[] = []
    const sleeper = async (name: string, ...sleeps: readonly number[]) => {
      for (const ms of sleeps) {
        await clock.sleep(ms)
        woken.push(`${name}@${clock.monotonicMs()}`)
      }
    }
    const all = Promise.all([sleeper('a', 30, 5), sleeper('b', 10, 10, 100), sleeper('c', 30)])
    await clock.advance(40)
    assert.deepEqual(woken, ['b@10', 'b@20', 'a@30', 'c@30', 'a@35'])
    assert.equal(clock.monotonicMs(), 40)
    assert.equal(clock.sleepersCount, 1)
    await clock.advance(100)
    await all
    assert.equal(woken.at(-1), 'b@120')
  })

  it('leaves out sleepers that were aborted', async () => {
    const clock = createManualClock()
    const controller = new AbortController()
    const sleeping = clock.sleep(10, controller.signal)
    controller.abort(new Error('no more'))
    await assert.rejects(sleeping, /no more/)
    assert.equal(clock.sleepersCount, 0)
    await assert.rejects(clock.sleep(1, controller.signal), /no more/)
  })

  it('moves the wall clock alone when told to', async () => {
    const clock = createManualClock({ startMs: 1000 })
    await clock.advance(5)
    clock.setWallClock(500)
    assert.equal(clock.monotonicMs(), 5)
    await clock.advance(1)
    assert.equal(clock.nowMs(), 501)
    assert.equal(clock.monotonicMs(), 6)
  })
})
