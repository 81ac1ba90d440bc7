// The gate check over orders of events: what may come before the open gate, and what may not.
import assert from 'node:assert/strict'
import { GateWatch } from '../../../devnet/checks/gate-watch.ts'

type Event = 'start' | 'open' | 'shut' | 'kill' | number

function watch(events: readonly Event[]): GateWatch {
  const gate = new GateWatch()
  for (const event of events) {
    if (event === 'start') gate.started()
    else if (event === 'kill') gate.killed()
    else if (typeof event === 'number') gate.built('signed', event)
    else gate.gate(event === 'open')
  }
  return gate
}

describe('the gate check', () => {
  for (const [title, events] of [
    ['blocks come behind the open gate', ['start', 'open', 1, 2]],
    ['a restart opens anew', ['start', 'open', 1, 'start', 'open', 2]],
    ['it shuts and opens in between', ['start', 'open', 1, 'shut', 'open', 2]],
    ['nothing is built at all', ['start', 'open']],
    ['it was killed before its gate opened', ['start', 'kill', 'start', 'open', 1]]
  ] as const) {
    it(`holds when ${title}`, () => {
      assert.equal(watch(events).check().ok, true)
      assert.equal(watch(events).hasBreach, false)
    })
  }

  for (const [title, events, pattern] of [
    ['a block comes before the first gate', ['start', 1, 'open'], /invariant 3 broke: block 1/],
    ['a restart builds at once', ['start', 'open', 1, 'start', 2, 'open'], /block 2 was signed/],
    ['a block comes after it shut', ['start', 'open', 1, 'shut', 2, 'open'], /block 2/],
    ['a dead process builds', ['start', 'open', 1, 'kill', 2], /block 2/],
    [
      'one gate never opened though another opened twice',
      ['start', 'open', 'shut', 'open', 1, 'kill', 'start'],
      /opened 1 times in 2 starts/
    ],
    ['a gate never opened', ['start', 'open', 1, 'start'], /opened 1 times in 2 starts/]
  ] as const) {
    it(`breaks when ${title}`, () => {
      const result = watch(events).check()
      assert.equal(result.ok, false)
      assert.match(result.detail, pattern)
    })
  }
})
