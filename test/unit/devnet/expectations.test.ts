// What a scenario expected on its way: one thing that was not so breaks its check, and so does nothing at all.
import assert from 'node:assert/strict'
import { Expectations } from '../../../devnet/scenarios/expectations.ts'

describe('expectations', () => {
  it('hold when each was met, and say what was seen', () => {
    const expectations = new Expectations()
    expectations.expect(true, 'twenty blocks')
    expectations.expect(true, 'from peers')
    assert.deepEqual(expectations.judge(), {
      name: 'recovered-as-expected',
      ok: true,
      detail: 'twenty blocks; from peers'
    })
  })

  it('do not hold when one was not met, and say which', () => {
    const expectations = new Expectations()
    expectations.expect(true, 'twenty blocks')
    expectations.expect(false, 'no sources')
    assert.deepEqual(expectations.judge(), {
      name: 'recovered-as-expected',
      ok: false,
      detail: 'not as expected: no sources'
    })
  })

  it('do not hold when there were none', () => {
    assert.equal(new Expectations().judge().ok, false)
  })
})
