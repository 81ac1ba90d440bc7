// One deadline for many waits in a row.
import assert from 'node:assert/strict'
import { DeadlineError } from '../../../src/base/deadline.ts'
import { MovingDeadline } from '../../../src/base/moving-deadline.ts'
import { createManualClock, settle } from '../../support/manual-clock.ts'

const never = () => new Promise<never>(() => undefined)

function setUp() {
  const clock = createManualClock()
  const outer = new AbortController()
  return { clock, outer, deadline: new MovingDeadline({ clock, signal: outer.signal }) }
}

/** How it ended, once it has. */
function watch(work: Promise<unknown>) {
  const ended: { as: unknown } = { as: undefined }
  work.then(
    (value) => void (ended.as = value),
    (thrown: unknown) => void (ended.as = thrown)
  )
  return ended
}

describe('a moving deadline', () => {
  it('begins anew with each wait', async () => {
    const { clock, deadline } = setUp()
    for (let step = 0; step < 5; step++) {
      const late = Promise.withResolvers<string>()
      const ended = watch(deadline.run('read', 100, () => late.promise))
      await clock.advance(90)
      assert.equal(ended.as, undefined)
      late.resolve('part')
      await settle()
      assert.equal(ended.as, 'part')
    }
    const stalled = watch(deadline.run('read', 100, never))
    await clock.advance(99)
    assert.equal(String(stalled.as), 'undefined')
    await clock.advance(1)
    assert.ok(stalled.as instanceof DeadlineError)
    assert.deepEqual(stalled.as.failure, { code: 'deadline-passed', what: 'read', afterMs: 100 })
    deadline.close()
  })

  it('may be earlier than the one before it', async () => {
    const { clock, deadline } = setUp()
    assert.equal(await deadline.run('first', 1_000, () => Promise.resolve(1)), 1)
    const ended = watch(deadline.run('second', 10, never))
    await clock.advance(10)
    assert.ok(ended.as instanceof DeadlineError)
    deadline.close()
  })

  it('does not end what waits while nothing is under way', async () => {
    const { clock, deadline } = setUp()
    await deadline.run('read', 10, () => Promise.resolve())
    await clock.advance(1_000)
    assert.equal(await deadline.run('read', 10, () => Promise.resolve(2)), 2)
    deadline.close()
  })

  it('ends with the outer signal, by its reason, and takes nothing after it', async () => {
    const { outer, deadline } = setUp()
    const ended = watch(deadline.run('read', 100, never))
    outer.abort(new Error('the node stops'))
    await settle()
    assert.match(String(ended.as), /the node stops/)
    await assert.rejects(deadline.run('read', 100, never), /the node stops/)
    deadline.close()
  })

  it('passes on what the work throws, at once or later', async () => {
    const { deadline } = setUp()
    const failing = async () => {
      await Promise.resolve()
      throw new Error('broken')
    }
    await assert.rejects(deadline.run('read', 100, failing), /broken/)
    const throwing = () => {
      throw new Error('at once')
    }
    await assert.rejects(deadline.run('read', 100, throwing), /at once/)
    deadline.close()
  })
})
