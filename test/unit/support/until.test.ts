// Waiting in tests: it ends as soon as it can, and never hides why it could not.
import assert from 'node:assert/strict'
import { until } from '../../support/until.ts'

describe('until', () => {
  it('answers what the probe answers at last', async () => {
    const answers = [undefined, false, 0]
    assert.equal(await until('a number', () => answers.shift(), { everyMs: 1 }), 0)
  })

  it('waits for a probe that takes its time', async () => {
    assert.equal(await until('an answer', async () => Promise.resolve('yes')), 'yes')
  })

  it('throws what the probe throws, at once', async () => {
    let asked = 0
    const probe = () => {
      asked++
      throw new Error('refused')
    }
    await assert.rejects(until('a connection', probe, { everyMs: 1 }), /refused/)
    assert.equal(asked, 1)
  })

  it('gives up after its time and says what it waited for', async () => {
    const waiting = until('the gate', () => false, { withinMs: 5, everyMs: 1 })
    await assert.rejects(waiting, /the gate: not within 5 ms/)
  })
})
