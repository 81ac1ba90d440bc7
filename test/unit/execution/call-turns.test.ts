// Turns of calls in one thread: who is next, and who has to end.
import assert from 'node:assert/strict'
import { CallAborted, CALLS_MAX, CallTurns } from '../../../src/execution/call-turns.ts'

const TIME_MAX_MS = 1_000
/** More than one turn lasts. */
const LONG_MS = 6

describe('turns of calls', () => {
  function open() {
    const now = { ms: 100, arraysBytes: 0 }
    const deps = { nowMs: () => now.ms, arraysBytes: () => now.arraysBytes }
    return { now, turns: new CallTurns(deps, { timeMaxMs: TIME_MAX_MS }) }
  }

  it('go to the call that has had the least, in whatever order they came', async () => {
    const { now, turns } = open()
    const order: string[] = []
    const work = async (name: string, piecesCount: number) => {
      const turn = turns.open()
      for (let piece = 0; piece < piecesCount; piece++) {
        order.push(name)
        now.ms += LONG_MS
        await turn.maybeYield()
      }
      turn.close()
    }
    const long = work('long', 6)
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    const before = order.length
    await Promise.all([long, work('short', 2)])
    assert.ok(before >= 2)
    assert.deepEqual(order.slice(before, before + 2), ['short', 'short'])
  })

  it('last for some milliseconds, which cost no turn of the event loop', () => {
    const { now, turns } = open()
    const turn = turns.open()
    now.ms += LONG_MS
    assert.ok(turn.maybeYield() !== undefined)
    const fresh = new CallTurns({ nowMs: () => 0, arraysBytes: () => 0 }, { timeMaxMs: 1 }).open()
    assert.equal(fresh.maybeYield(), undefined)
  })

  it('end with the time of a call, and with its caller', () => {
    const { now, turns } = open()
    const late = turns.open()
    now.ms += TIME_MAX_MS + 1
    const reason = { name: 'Error', message: 'execution aborted (timeout = 1s)' }
    assert.throws(() => late.maybeYield(), reason)
    const left = turns.open()
    left.abort('its caller has gone')
    assert.throws(() => left.maybeYield(), /its caller has gone/)
  })

  it('end in time also for a call that others leave none to', async () => {
    const { now, turns } = open()
    const starved = turns.open()
    for (let turn = 0; turn < 4; turn++) {
      now.ms += LONG_MS
      await starved.maybeYield()
    }
    now.ms += LONG_MS
    const waiting = starved.maybeYield()
    assert.ok(waiting !== undefined)
    const ended = assert.rejects(waiting, CallAborted)
    for (let passedMs = 0; passedMs <= 1.5 * TIME_MAX_MS; passedMs += LONG_MS) {
      // One after the other they come, each with less behind it.
      const fresh = turns.open()
      now.ms += LONG_MS
      await fresh.maybeYield()
      fresh.close()
    }
    await ended
  })

  for (const [what, fill] of [
    ['one call is too many', undefined],
    ['memory runs out', 2 ** 30]
  ] as const) {
    it(`end for the call that has had the most where ${what}`, async () => {
      const { now, turns } = open()
      const all = Array.from({ length: CALLS_MAX }, () => turns.open())
      now.ms += LONG_MS
      const [hog, , other] = all
      assert.ok(hog !== undefined && other !== undefined)
      const running = hog.maybeYield()
      assert.ok(running !== undefined)
      const ended = assert.rejects(running, CallAborted)
      if (fill === undefined) turns.open()
      else {
        now.arraysBytes = fill
        assert.ok(other.maybeYield() !== undefined)
        now.arraysBytes = 0
      }
      await ended
      now.ms += LONG_MS
      assert.ok(other.maybeYield() !== undefined, 'it goes on')
    })
  }
})
