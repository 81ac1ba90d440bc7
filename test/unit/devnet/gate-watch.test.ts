// The gate check over orders of events: what may come before the open gate, and what may not.
import assert from 'node:assert/strict'
import { checkGates, GateWatch } from '../../../devnet/checks/gate-watch.ts'

type Step = readonly ['built' | 'sealed' | 'signed' | 'published', number]
type Event = 'start' | 'open' | 'shut' | 'kill' | number | Step

function watch(events: readonly Event[]): GateWatch {
  const gate = new GateWatch()
  for (const event of events) {
    if (event === 'start') gate.started()
    else if (event === 'kill') gate.killed()
    else if (typeof event === 'number') gate.built('signed', event)
    else if (typeof event !== 'string') gate.built(...event)
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
    ['it was killed before its gate opened', ['start', 'kill', 'start', 'open', 1]],
    [
      'it shuts before a seal, which is dropped',
      ['start', 'open', ['built', 1], 'shut', ['sealed', 1]]
    ],
    [
      'it shuts while a signature is written down',
      ['start', 'open', ['sealed', 1], 'shut', ['signed', 1], ['published', 1]]
    ]
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
    [
      'what was sealed behind the shut gate is signed',
      ['start', 'open', ['built', 1], 'shut', ['sealed', 1], ['signed', 1]],
      /block 1 was signed/
    ],
    [
      'another block follows the one that was under way',
      ['start', 'open', ['signed', 1], 'shut', ['published', 1], ['built', 2]],
      /block 2 was built/
    ],
    [
      'a block of a start goes on in the next one',
      ['start', 'open', ['signed', 1], 'start', ['published', 1], 'open'],
      /block 1 was published/
    ],
    ['a gate never opened', ['start', 'open', 1, 'start'], /opened 1 times in 2 starts/]
  ] as const) {
    it(`breaks when ${title}`, () => {
      const result = watch(events).check()
      assert.equal(result.ok, false)
      assert.match(result.detail, pattern)
    })
  }

  it('of several sequencers breaks with any of them, and by what was published in secret', () => {
    const [good, other] = [watch(['start', 'open', 1]), watch(['start', 'open', 1])]
    const bad = watch(['start', 2, 'open'])
    assert.match(checkGates([good, other], undefined).detail, /1 starts, nothing built before/)
    for (const watches of [[good, bad] as const, [bad, good] as const]) {
      assert.match(checkGates(watches, undefined).detail, /invariant 3 broke: block 2/)
    }
    assert.match(checkGates([good, other], { number: 7 }).detail, /invariant 3 broke: block 7/)
  })
})
