// The error base: one line per failure, with its facts.
import assert from 'node:assert/strict'
import { describeFailure, errorMessage, NodeError } from '../../../src/base/node-error.ts'

describe('a failure', () => {
  for (const [name, facts, line] of [
    ['no fact', {}, 'x'],
    ['a number', { afterMs: 5 }, 'x afterMs=5'],
    ['a bigint', { height: 2n ** 64n }, 'x height="18446744073709551616"'],
    ['text', { what: 'first byte' }, 'x what=first byte'],
    ['a list', { peers: ['a', 'b'] }, 'x peers=["a","b"]'],
    ['a bigint within', { heights: [1n] }, 'x heights=["1"]'],
    ['undefined', { reason: undefined }, 'x reason=undefined'],
    ['text that would break the line', { got: 'a\nb\u001b[2J' }, 'x got=a\\u000ab\\u001b[2J'],
    ['such text within', { got: ['\u009b'] }, 'x got=["\\u009b"]']
  ] as const) {
    it(`with ${name} is one line`, () => {
      assert.equal(describeFailure({ code: 'x', ...facts }), line)
    })
  }

  it('is carried by an error that is named for its class and keeps its cause', () => {
    class StoreError extends NodeError<{ readonly code: 'store-locked'; readonly path: string }> {}
    const cause = new Error('EAGAIN')
    const error = new StoreError({ code: 'store-locked', path: 'chain' }, { cause })
    assert.equal(error.name, 'StoreError')
    assert.equal(error.message, 'store-locked path=chain')
    assert.equal(error.failure.code, 'store-locked')
    assert.equal(error.cause, cause)
  })

  it('has a message whatever was thrown', () => {
    assert.equal(errorMessage(new Error('plain')), 'plain')
    assert.equal(errorMessage('text'), 'text')
    assert.equal(errorMessage(undefined), 'undefined')
  })
})
