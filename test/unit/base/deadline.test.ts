// Deadlines: who wins the race, and that nothing is left behind by whoever loses.
import assert from 'node:assert/strict'
import { type Clock } from '../../../src/base/clock.ts'
import { DeadlineError, withDeadline } from '../../../src/base/deadline.ts'
import { createManualClock, settle } from '../../support/manual-clock.ts'

/** Waits for the abort and rejects with its reason, as work that obeys does. */
function obedientWork(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error))
  })
}

const deafWork = () => new Promise<never>(() => undefined)

describe('a deadline', () => {
  const unhandled: unknown[] = []
  const onUnhandled = (reason: unknown) => unhandled.push(reason)

  beforeEach(() => {
    unhandled.length = 0
    process.prependListener('unhandledRejection', onUnhandled)
  })
  afterEach(async () => {
    await settle()
    await settle()
    process.off('unhandledRejection', onUnhandled)
    assert.deepEqual(unhandled, [])
  })

  it('returns what the work returns and leaves no sleeper', async () => {
    const clock = createManualClock()
    const result = await withDeadline({ clock, what: 'answer', ms: 10 }, async () => 42)
    assert.equal(result, 42)
    await settle()
    assert.equal(clock.sleepersCount, 0)
  })

  for (const [name, work] of [
    ['obeys', obedientWork],
    ['ignores', deafWork]
  ] as const) {
    it(`passes at its time when the work ${name} its signal`, async () => {
      const clock = createManualClock()
      const waiting = assert.rejects(
        withDeadline({ clock, what: 'first byte', ms: 10 }, work),
        (thrown: DeadlineError) => {
          assert.deepEqual(thrown.failure, {
            code: 'deadline-passed',
            what: 'first byte',
            afterMs: 10
          })
          return true
        }
      )
      await clock.advance(9)
      assert.equal(clock.sleepersCount, 1)
      await clock.advance(1)
      await waiting
    })
  }

  it('rejects with the outer reason when that comes first', async () => {
    const clock = createManualClock()
    const outer = new AbortController()
    const reason = new Error('stopping')
    const waiting = assert.rejects(
      withDeadline({ clock, signal: outer.signal, what: 'x', ms: 10 }, deafWork),
      reason
    )
    outer.abort(reason)
    await waiting
    await settle()
    assert.equal(clock.sleepersCount, 0)
  })

  it('does not begin the work when the outer signal is aborted already', async () => {
    const clock = createManualClock()
    const reason = new Error('stopped')
    let began = false
    await assert.rejects(
      withDeadline({ clock, signal: AbortSignal.abort(reason), what: 'x', ms: 1 }, async () => {
        began = true
      }),
      reason
    )
    assert.equal(began, false)
  })

  it('rejects with what the work throws, later or at once', async () => {
    const clock = createManualClock()
    const reason = new Error('broken')
    await assert.rejects(
      withDeadline({ clock, what: 'x', ms: 0 }, async () => {
        throw reason
      }),
      reason
    )
    await assert.rejects(
      withDeadline({ clock, what: 'x', ms: 0 }, () => {
        throw reason
      }),
      reason
    )
  })

  it('throws at once and aborts meanwhile: one rejection, handled', async () => {
    const outer = new AbortController()
    const reason = new Error('both')
    await assert.rejects(
      withDeadline({ clock: createManualClock(), signal: outer.signal, what: 'x', ms: 10 }, () => {
        outer.abort(new Error('outer'))
        throw reason
      }),
      reason
    )
  })

  it('does not abort the signal of work that is done', async () => {
    const clock = createManualClock()
    const outer = new AbortController()
    let seen: AbortSignal | undefined
    await withDeadline({ clock, signal: outer.signal, what: 'x', ms: 10 }, async (signal) => {
      seen = signal
    })
    await clock.advance(20)
    outer.abort()
    assert.equal(seen?.aborted, false)
  })

  it('swallows no failure of the clock', async () => {
    const broken: Clock = {
      ...createManualClock(),
      sleep: () => Promise.reject(new Error('clock broke'))
    }
    await assert.rejects(
      withDeadline({ clock: broken, what: 'x', ms: 10 }, deafWork),
      /clock broke/
    )
  })

  it('handles work that fails after the deadline', async () => {
    const clock = createManualClock()
    const waiting = assert.rejects(
      withDeadline({ clock, what: 'x', ms: 10 }, async () => {
        await clock.sleep(20)
        throw new Error('too late to matter')
      }),
      DeadlineError
    )
    await clock.advance(30)
    await waiting
  })
})
