// Which words of a node an asker may take with an older head, and which stay what they are.
import assert from 'node:assert/strict'
import { answerHealth } from '../../../src/rpc/health-page.ts'

describe('the health page, asked for an age of head', () => {
  for (const [state, ok, headAgeSeconds, asked, status] of [
    ['following', true, 1, '0', 200],
    ['ready', true, 11, '0', 200],
    ['behind-clock', false, 3600, '3600', 200],
    ['behind-clock', false, 3601, '3600', 503],
    ['no-peers', false, 3, '3600', 200],
    ['no-peers', false, 3601, '3600', 503],
    ['behind', false, 3, '3600', 503],
    ['joining', false, 3, '3600', 503],
    ['recovering', false, 3, '3600', 503],
    ['ask', false, 3, '3600', 503],
    ['flush-awaited', false, 3, '3600', 503],
    ['clock', false, -30, '3600', 503]
  ] as const) {
    it(`is ${String(status)} where it says ${state} and the head is ${String(headAgeSeconds)} s old`, () => {
      const health = { ok, state, headAgeSeconds }
      assert.deepEqual(answerHealth(health, { headAgeSeconds: asked }), {
        status,
        content: { ...health, ok: status === 200 }
      })
      assert.equal(answerHealth(health, {}).status, ok ? 200 : 503)
    })
  }
})
