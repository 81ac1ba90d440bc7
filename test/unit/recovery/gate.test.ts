// The gate opens for whoever waits, shuts at once, and says why.
import assert from 'node:assert/strict'
import { createGate, GateError } from '../../../src/recovery/gate.ts'
import { createWaker } from '../../../src/recovery/waker.ts'
import { createManualClock, settle } from '../../support/manual-clock.ts'
import { ref } from './findings-fixture.ts'

const never = new AbortController().signal

describe('gate', () => {
  it('starts shut, and names the reason', () => {
    const gate = createGate()
    assert.throws(() => {
      gate.assertOpen()
    }, GateError)
    assert.deepEqual(gate.state(), { kind: 'shut', reason: 'recovering' })
  })

  it('wakes every waiter with the block to build on, and later ones at once', async () => {
    const gate = createGate()
    const waiting = [gate.waitOpen(never), gate.waitOpen(never)]
    gate.open(ref(7))
    assert.deepEqual(await Promise.all(waiting), [ref(7), ref(7)])
    assert.deepEqual(await gate.waitOpen(never), ref(7))
    gate.assertOpen()
  })

  it('shuts at once', () => {
    const seen: string[] = []
    const gate = createGate((state) => seen.push(state.kind))
    gate.open(ref(7))
    gate.shut('disk-full')
    assert.throws(() => {
      gate.assertOpen()
    }, /disk-full/)
    assert.deepEqual(seen, ['open', 'shut'])
  })

  it('lets a waiter go when its signal aborts', async () => {
    const gate = createGate()
    const controller = new AbortController()
    const waiting = gate.waitOpen(controller.signal)
    controller.abort(new Error('stopped'))
    await assert.rejects(waiting, /stopped/)
    gate.open(ref(1))
  })
})

describe('waker', () => {
  it('ends a wait on wake, and remembers a wake that came before', async () => {
    const clock = createManualClock()
    const waker = createWaker(clock)
    const waiting = waker.wait(1_000, never)
    await settle()
    waker.wake()
    assert.equal(await waiting, 'woken')
    waker.wake()
    assert.equal(await waker.wait(1_000, never), 'woken')
    assert.equal(clock.sleepersCount, 0)
  })

  it('ends when time is up', async () => {
    const clock = createManualClock()
    const waiting = createWaker(clock).wait(1_000, never)
    await clock.advance(1_000)
    assert.equal(await waiting, 'timeout')
  })

  it('rejects when its signal aborts, with or without a time', async () => {
    for (const ms of [undefined, 1_000]) {
      const clock = createManualClock()
      const controller = new AbortController()
      const waiting = createWaker(clock).wait(ms, controller.signal)
      await settle()
      controller.abort(new Error('stopped'))
      await assert.rejects(waiting, /stopped/)
      assert.equal(clock.sleepersCount, 0)
    }
  })
})
