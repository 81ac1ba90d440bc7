// Turns of answers: steps of a millisecond, an end to their time, and a share of it that all together keep to.
import assert from 'node:assert/strict'
import { beginTurns, pacedSteps, STEP_MS, stepsInTurns } from '../../../src/base/answer-turns.ts'
import { createManualClock, settle } from '../../support/manual-clock.ts'

const TIME = { stepsMs: 10, wholeMs: 1_000 }
const { signal: forever } = new AbortController()

describe('turns of an answer', () => {
  it('pause after a step, and not before', async () => {
    const clock = createManualClock()
    const steps: number[] = []
    const nextStep = async (spentMs: number) => {
      steps.push(spentMs)
      await Promise.resolve()
    }
    const turns = await beginTurns({ clock, nextStep, signal: forever }, TIME)
    assert.equal(turns.pause(), undefined)
    await clock.advance(STEP_MS - 0.5)
    assert.equal(turns.pause(), undefined)
    await clock.advance(0.5)
    await turns.pause()
    assert.equal(turns.pause(), undefined)
    assert.deepEqual(steps, [0, STEP_MS])
  })

  it('are spent after their time, and then wait no more', async () => {
    const clock = createManualClock()
    let stepsCount = 0
    const nextStep = async () => {
      stepsCount++
      await Promise.resolve()
    }
    const turns = await beginTurns({ clock, nextStep, signal: forever }, TIME)
    for (let step = 1; step <= 5; step++) {
      assert.equal(turns.isSpent, false)
      await clock.advance(2)
      await turns.pause()
    }
    assert.equal(turns.isSpent, true)
    assert.equal(stepsCount, 5)
  })

  it('are spent when too much time went by while they waited', async () => {
    const clock = createManualClock()
    const nextStep = (_: number) => clock.sleep(600)
    const begun = beginTurns({ clock, nextStep, signal: forever }, TIME)
    await clock.advance(600)
    const turns = await begun
    await clock.advance(STEP_MS)
    const pause = turns.pause()
    await clock.advance(600)
    await pause
    assert.equal(turns.isSpent, false)
    await clock.advance(STEP_MS)
    await turns.pause()
    assert.equal(turns.isSpent, true)
  })

  it('end with the request', async () => {
    const clock = createManualClock()
    const ending = new AbortController()
    const nextStep = stepsInTurns(() => Promise.resolve())
    const turns = await beginTurns({ clock, nextStep, signal: ending.signal }, TIME)
    await clock.advance(STEP_MS)
    ending.abort(new Error('gone'))
    await assert.rejects(turns.pause() ?? Promise.resolve(), /gone/)
  })
})

describe('paced steps', () => {
  it('take their share of the time together, however many they are', async () => {
    const clock = createManualClock()
    const nextStep = pacedSteps(clock, () => Promise.resolve(), 0.2)
    let workedMs = 0
    const ending = new AbortController()
    const work = async () => {
      let spentMs = 0
      while (!ending.signal.aborted) {
        await nextStep(spentMs, ending.signal)
        workedMs += 1
        spentMs = 1
      }
    }
    const workers = Promise.allSettled([work(), work(), work(), work()])
    for (let elapsed = 0; elapsed < 1_000; elapsed++) {
      await clock.advance(1)
      await settle()
    }
    ending.abort()
    await workers
    // The clock stands still while they work: a millisecond of work has four of pause.
    assert.ok(workedMs >= 200 && workedMs <= 260, `${String(workedMs)} ms of 1,000`)
  })
})
