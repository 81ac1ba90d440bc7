// The bounded queue: order, policies, ends.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { BoundedQueue } from '../../../src/base/bounded-queue.ts'
import { settle } from '../../support/manual-clock.ts'

const NEVER = new AbortController().signal

async function collect<T>(items: AsyncIterable<T>, into: T[] = []): Promise<T[]> {
  for await (const item of items) into.push(item)
  return into
}

describe('a bounded queue', () => {
  it('gives items in the order they came and ends when closed', async () => {
    const queue = new BoundedQueue<number>(3, 'refuse')
    assert.deepEqual([queue.push(1), queue.push(2)], [true, true])
    queue.close()
    assert.equal(queue.push(3), false)
    assert.deepEqual(await collect(queue.drain(NEVER)), [1, 2])
  })

  it('refuses what it has no room for', async () => {
    const queue = new BoundedQueue<number>(2, 'refuse')
    assert.deepEqual(
      [1, 2, 3].map((item) => queue.push(item)),
      [true, true, false]
    )
    assert.equal(queue.droppedCount, 1)
    queue.close()
    assert.deepEqual(await collect(queue.drain(NEVER)), [1, 2])
  })

  it('drops the oldest where told to', async () => {
    const queue = new BoundedQueue<number>(2, 'drop-oldest')
    assert.deepEqual(
      [1, 2, 3, 4].map((item) => queue.push(item)),
      [true, true, true, true]
    )
    assert.equal(queue.droppedCount, 2)
    assert.equal(queue.size, 2)
    queue.close()
    assert.deepEqual(await collect(queue.drain(NEVER)), [3, 4])
  })

  it('wakes a consumer that waits', async () => {
    const queue = new BoundedQueue<number>(1, 'refuse')
    const taken: number[] = []
    const draining = collect(queue.drain(NEVER), taken)
    for (const item of [1, 2, 3]) {
      await settle()
      assert.ok(queue.push(item))
    }
    await settle()
    assert.deepEqual(taken, [1, 2, 3])
    queue.close()
    await draining
  })

  it('gives each item to one of several consumers', async () => {
    const queue = new BoundedQueue<number>(10, 'refuse')
    const taken: number[] = []
    const consumers = [1, 2, 3].map(() => collect(queue.drain(NEVER), taken))
    await settle()
    for (let item = 0; item < 10; item++) queue.push(item)
    queue.close()
    await Promise.all(consumers)
    assert.deepEqual(taken.sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it('ends a consumer whose signal aborts, and leaves the items to the others', async () => {
    const queue = new BoundedQueue<number>(2, 'refuse')
    const controller = new AbortController()
    const stopped = assert.rejects(collect(queue.drain(controller.signal)), /stopped/)
    const other = collect(queue.drain(NEVER))
    await settle()
    queue.push(1)
    controller.abort(new Error('stopped'))
    await stopped
    queue.push(2)
    queue.close()
    assert.equal((await other).at(-1), 2)
  })

  it('throws before the first item when the signal is aborted already', async () => {
    const queue = new BoundedQueue<number>(1, 'refuse')
    queue.push(1)
    await assert.rejects(collect(queue.drain(AbortSignal.abort(new Error('over')))), /over/)
    assert.equal(queue.size, 1)
  })

  it('refuses a bound below 1', () => {
    for (const bound of [0, -1, 0.5, Number.NaN]) {
      assert.throws(() => new BoundedQueue(bound, 'refuse'), RangeError)
    }
  })

  it('holds what a list with the same bound holds, whatever was done', async () => {
    const steps = fc.array(fc.constantFrom('push', 'take'), { maxLength: 200 })
    const policies = fc.constantFrom('refuse' as const, 'drop-oldest' as const)
    await fc.assert(
      fc.asyncProperty(
        steps,
        policies,
        fc.integer({ min: 1, max: 6 }),
        async (history, policy, bound) => {
          const queue = new BoundedQueue<number>(bound, policy)
          const items = queue.drain(NEVER)
          let model: number[] = []
          for (const [item, verb] of history.entries()) {
            if (verb === 'push') {
              queue.push(item)
              if (policy === 'drop-oldest') model = [...model, item].slice(-bound)
              else if (model.length < bound) model.push(item)
            } else if (model.length > 0) {
              assert.deepEqual(await items.next(), { value: model.shift(), done: false })
            }
            assert.equal(queue.size, model.length)
          }
        }
      )
    )
  })
})
