// The serial executor: order, failures, bound.
import assert from 'node:assert/strict'
import { type SerialError, SerialExecutor } from '../../../src/base/serial.ts'
import { createManualClock } from '../../support/manual-clock.ts'

describe('a serial executor', () => {
  it('runs one job at a time, in order, whatever each takes', async () => {
    const clock = createManualClock()
    const serial = new SerialExecutor('writes', 10)
    const events: string[] = []
    const jobs = [30, 1, 10].map((ms, index) =>
      serial.run(async () => {
        events.push(`begin ${index}`)
        await clock.sleep(ms)
        events.push(`end ${index}`)
        return index
      })
    )
    await clock.advance(100)
    assert.deepEqual(await Promise.all(jobs), [0, 1, 2])
    assert.deepEqual(events, ['begin 0', 'end 0', 'begin 1', 'end 1', 'begin 2', 'end 2'])
  })

  it('goes on after a job that fails, and tells its caller alone', async () => {
    const serial = new SerialExecutor('writes', 10)
    const failing = serial.run(() => Promise.reject(new Error('disk full')))
    const throwing = serial.run(() => {
      throw new Error('at once')
    })
    const good = serial.run(async () => 'written')
    await assert.rejects(failing, /disk full/)
    await assert.rejects(throwing, /at once/)
    assert.equal(await good, 'written')
    assert.equal(serial.jobsCount, 0)
  })

  it('refuses a job beyond its bound and takes one again when there is room', async () => {
    const clock = createManualClock()
    const serial = new SerialExecutor('writes', 2)
    const jobs = [serial.run(() => clock.sleep(1)), serial.run(() => clock.sleep(1))]
    assert.equal(serial.jobsCount, 2)
    await assert.rejects(
      serial.run(async () => undefined),
      (thrown: SerialError) => {
        assert.deepEqual(thrown.failure, { code: 'serial-full', what: 'writes', jobsMax: 2 })
        return true
      }
    )
    await clock.advance(2)
    await Promise.all(jobs)
    assert.equal(await serial.run(async () => 'again'), 'again')
  })

  it('does not begin a job whose signal is aborted by its turn', async () => {
    const clock = createManualClock()
    const serial = new SerialExecutor('writes', 2)
    const controller = new AbortController()
    const first = serial.run(() => clock.sleep(5))
    let began = false
    const second = serial.run(async () => {
      began = true
    }, controller.signal)
    controller.abort(new Error('stopping'))
    const refused = assert.rejects(second, /stopping/)
    await clock.advance(5)
    await Promise.all([first, refused])
    assert.equal(began, false)
  })

  it('is idle when every job has settled, failed ones too', async () => {
    const clock = createManualClock()
    const serial = new SerialExecutor('writes', 2)
    await serial.idle()
    const failing = assert.rejects(
      serial.run(async () => {
        await clock.sleep(5)
        throw new Error('no')
      }),
      /no/
    )
    let isIdle = false
    const idling = serial.idle().then(() => {
      isIdle = true
    })
    await clock.advance(4)
    assert.equal(isIdle, false)
    await clock.advance(1)
    await Promise.all([failing, idling])
    assert.equal(serial.jobsCount, 0)
  })

  it('refuses a bound below 1', () => {
    assert.throws(() => new SerialExecutor('writes', 0), RangeError)
  })
})
