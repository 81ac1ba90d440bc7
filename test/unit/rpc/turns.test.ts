// Turns of requests: one slice at a time, the least used first, and an end when nobody waits.
import assert from 'node:assert/strict'
import { Turns, UsedTime } from '../../../src/rpc/turns.ts'

interface Work {
  readonly name: string
  readonly address?: UsedTime
  readonly connection?: UsedTime
  readonly isUrgent?: boolean
  /** Milliseconds of the clock. */
  readonly steps: readonly number[]
  readonly signal?: AbortSignal
}

function createTurns() {
  const clock = { now: 0, monotonicMs: () => clock.now }
  const turns = new Turns(clock, { sliceMs: 5 })
  const order: string[] = []
  const run = async ({ name, address, connection = new UsedTime(), steps, ...rest }: Work) => {
    const { isUrgent = false, signal = new AbortController().signal } = rest
    const task = turns.enter({ isUrgent, address, connection, signal })
    await task.next()
    for (const stepMs of steps) {
      order.push(name)
      clock.now += stepMs
      await task.maybeYield()
    }
    task.leave()
  }
  return { turns, clock, order, run }
}

describe('turns', () => {
  it('are one slice long, and one after the other', async () => {
    const { order, run } = createTurns()
    await Promise.all([
      run({ name: 'a', steps: [0.5, 0.6, 3, 3, 1] }),
      run({ name: 'b', steps: [6, 6] })
    ])
    // The first slices are of one millisecond; then b has had more.
    assert.deepEqual(order, ['a', 'a', 'b', 'a', 'a', 'b', 'a'])
  })

  it('go to a newcomer before those who had some', async () => {
    const { order, run } = createTurns()
    const heavy = [1, 2, 3].map((at) => run({ name: `heavy ${at}`, steps: Array(20).fill(5) }))
    while (order.length < 6) await new Promise(setImmediate)
    await run({ name: 'light', steps: [0.1] })
    assert.ok(order.indexOf('light') <= 8, order.join())
    await Promise.all(heavy)
    assert.equal(order.length, 61)
  })

  it('are shared by addresses first, however many connections one has', async () => {
    const { order, run } = createTurns()
    const [many, single] = [new UsedTime(), new UsedTime()]
    const heavy = Array.from({ length: 10 }, () =>
      run({ name: 'many', address: many, steps: Array(10).fill(5) })
    )
    await run({ name: 'single', address: single, steps: Array(10).fill(5) })
    const before = order.filter((name) => name === 'many').length
    assert.ok(before >= 9 && before <= 12, `${before} slices`)
    await Promise.all(heavy)
  })

  it('go to urgent ones before all others', async () => {
    const { order, run } = createTurns()
    const used = new UsedTime()
    used.add(1_000, 0)
    await Promise.all([
      run({ name: 'light', steps: [0] }),
      run({ name: 'urgent', connection: used, isUrgent: true, steps: [6, 6, 6] })
    ])
    assert.deepEqual(order, ['urgent', 'urgent', 'urgent', 'light'])
  })

  it('are remembered for a while', () => {
    const used = new UsedTime()
    used.add(80, 0)
    assert.equal(used.usedMs(5_000), 40)
    used.add(10, 10_000)
    assert.equal(used.usedMs(10_000), 30)
  })

  it('are not waited for any more once the signal aborts', async () => {
    const { turns, run } = createTurns()
    const work = new AbortController()
    const reason = new Error('the client has gone')
    const running = run({ name: 'a', steps: Array(100).fill(10), signal: work.signal })
    work.abort(reason)
    await assert.rejects(running, reason)
    await assert.rejects(run({ name: 'b', steps: [], signal: work.signal }), reason)
    assert.equal(turns.waitingCount, 0)
  })

  it('leave the event loop to others in between', async () => {
    const { order, run } = createTurns()
    let turnsCount = 0
    let isDone = false
    const others = (async () => {
      while (!isDone) {
        await new Promise(setImmediate)
        turnsCount += 1
      }
    })()
    await Promise.all([1, 2, 3, 4].map((at) => run({ name: String(at), steps: Array(25).fill(5) })))
    isDone = true
    await others
    assert.equal(order.length, 100)
    assert.ok(turnsCount >= 99, `${turnsCount} turns of the event loop for 100 slices`)
  })
})
