// Slices of long work: when it yields, and that others then run.
import assert from 'node:assert/strict'
import { createYielder, YIELD_SLICE_MS } from '../../../src/base/yielder.ts'
import { createManualClock } from '../../support/manual-clock.ts'

describe('a yielder', () => {
  it('yields once the slice is over and then begins a new one', async () => {
    const clock = createManualClock()
    const yielder = createYielder(clock)
    assert.equal(yielder.maybeYield(), undefined)
    await clock.advance(YIELD_SLICE_MS - 1)
    assert.equal(yielder.maybeYield(), undefined)
    await clock.advance(1)
    const turn = yielder.maybeYield()
    assert.ok(turn instanceof Promise)
    await turn
    assert.equal(yielder.maybeYield(), undefined)
  })

  it('yields no more often where a piece of work has several', async () => {
    const clock = createManualClock()
    const yielders = [createYielder(clock), createYielder(clock), createYielder(clock)]
    let turnsCount = 0
    for (let lookedMs = 0; lookedMs < 10 * YIELD_SLICE_MS; lookedMs++) {
      await clock.advance(1)
      for (const yielder of yielders) {
        const turn = yielder.maybeYield()
        if (turn === undefined) continue
        turnsCount++
        await turn
      }
    }
    assert.equal(turnsCount, 10)
  })

  it('lets timers run during long work', async () => {
    const yielder = createYielder()
    let timerRan = false
    setTimeout(() => {
      timerRan = true
    }, 1)
    const startMs = performance.now()
    while (!timerRan && performance.now() - startMs < 5_000) await yielder.maybeYield()
    assert.ok(timerRan)
  })

  it('keeps every turn near the length of its slice', async () => {
    const yielder = createYielder(undefined, { sliceMs: 2 })
    let turnsCount = 0
    const startMs = performance.now()
    while (performance.now() - startMs < 40) {
      const turn = yielder.maybeYield()
      if (turn === undefined) continue
      turnsCount++
      await turn
    }
    assert.ok(turnsCount >= 2, `${turnsCount} turns in 40 ms`)
  })
})
