// Turns that many share: one step in each turn of the event loop, first come first served.
import assert from 'node:assert/strict'
import { setImmediate as eventLoopTurn } from 'node:timers/promises'
import { createSharedTurns } from '../../../src/base/shared-turns.ts'

const WORKERS = 20
const STEPS = 5

describe('turns that many share', () => {
  it('let one step be done in each turn of the event loop, whoever else waits', async () => {
    const nextTurn = createSharedTurns()
    const order: number[] = []
    const works = Array.from({ length: WORKERS }, async (_, worker) => {
      for (let step = 0; step < STEPS; step++) {
        await nextTurn()
        order.push(worker)
      }
    })
    const perTurn: number[] = []
    while (order.length < WORKERS * STEPS) {
      const before = order.length
      await eventLoopTurn()
      perTurn.push(order.length - before)
    }
    await Promise.all(works)
    assert.ok(Math.max(...perTurn) <= 1, perTurn.join(' '))
    const round = Array.from({ length: WORKERS }, (_, worker) => worker)
    assert.deepEqual(order, Array.from({ length: STEPS }, () => round).flat())
  })

  it('go on after nobody had waited for a while', async () => {
    const nextTurn = createSharedTurns()
    for (let count = 0; count < 3; count++) {
      await nextTurn()
      await eventLoopTurn()
    }
  })
})
