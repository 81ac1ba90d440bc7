// Waiting for a condition: it comes true, it never can, its time is up, or the wait is called off.
import assert from 'node:assert/strict'
import { ConditionError, orAbort, waitUntil } from '../../../devnet/cluster/condition.ts'

const what = 'the gate opens'
const { signal } = new AbortController()

describe('waiting for a condition', () => {
  it('looks until it is done, and takes a throw for not yet', async () => {
    let looks = 0
    const seen = await waitUntil({ what, timeoutMs: 10_000, signal, everyMs: 1 }, () => {
      looks += 1
      if (looks === 1) throw new Error('nobody answers')
      return looks < 4 ? { instead: 'it is shut' } : { done: 'open' }
    })
    assert.equal(seen, 'open')
    assert.equal(looks, 4)
  })

  for (const [title, look, pattern] of [
    [
      'what stands instead',
      () => ({ instead: 'it is shut' }),
      /the gate opens: not within 5 ms; instead: it is shut/
    ],
    [
      'what was thrown last, with its cause',
      () => {
        throw new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') })
      },
      /instead: fetch failed \(ECONNREFUSED\)/
    ],
    ['why it never can be', () => ({ never: 'it ended' }), /the gate opens: never, since it ended/]
  ] as const) {
    it(`fails with ${title}`, async () => {
      await assert.rejects(
        waitUntil({ what, timeoutMs: 5, signal, everyMs: 1 }, look),
        (thrown) => thrown instanceof ConditionError && pattern.test(thrown.message)
      )
    })
  }

  it('ends with the reason of its signal', async () => {
    const stop = new AbortController()
    const waiting = waitUntil({ what, timeoutMs: 60_000, signal: stop.signal }, () => {
      stop.abort(new Error('called off'))
      return { instead: 'it is shut' }
    })
    await assert.rejects(waiting, /called off/)
  })
})

describe('work that may be called off', () => {
  it('brings what it brings', async () => {
    assert.equal(await orAbort(Promise.resolve(3), signal), 3)
    await assert.rejects(orAbort(Promise.reject(new Error('broke')), signal), /broke/)
  })
  it('is left as soon as the signal aborts, or when it had before', async () => {
    const stop = new AbortController()
    const endless = new Promise<never>(() => undefined)
    const left = orAbort(endless, stop.signal)
    stop.abort(new Error('called off'))
    await assert.rejects(left, /called off/)
    await assert.rejects(orAbort(endless, stop.signal), /called off/)
  })
})
