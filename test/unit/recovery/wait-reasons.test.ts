// The list of waits: which counts where several hold, what the gate says of each, and how an operator ends it.
import assert from 'node:assert/strict'
import { type BlockAction } from '../../../src/recovery/decide/decide.ts'
import { exitOf } from '../../../src/recovery/decide/operator-exits.ts'
import {
  explainWait,
  firstWait,
  isNamedAtGate,
  WAIT_REASONS,
  type WaitConditions,
  type WaitReason
} from '../../../src/recovery/decide/wait-reasons.ts'
import { createGate } from '../../../src/recovery/gate.ts'
import { nameShutReason } from '../../../src/recovery/sequencing-switch.ts'
import { ref } from './findings-fixture.ts'

const FOREIGN = { block: ref(11), from: 'peer' }
const FAULT = { reason: 'before-head', offMs: 1, by: [] } as const

const NOTHING: WaitConditions = {
  stateAtHead: true,
  unknownHash: undefined,
  clockFault: undefined,
  scheduleNamesUs: true,
  sequencing: true,
  writesWaitFor: undefined,
  foreign: undefined,
  roundsWithNewBlocks: undefined,
  quietRemainingMs: 0
}

/** In the order of the list: what makes each hold, what it says, the gate's word for it, and the start of its exit. */
const ROWS: readonly (readonly [
  Partial<WaitConditions>,
  WaitReason,
  string,
  string | undefined
])[] = [
  [{ foreign: FOREIGN }, { code: 'foreign-block', foreign: FOREIGN }, 'recovering', 'admin_'],
  [{ sequencing: false }, { code: 'sequencing-stopped' }, 'sequencing-stopped', 'admin_'],
  [{ scheduleNamesUs: false }, { code: 'not-scheduled' }, 'not-scheduled', undefined],
  [
    { roundsWithNewBlocks: 3 },
    { code: 'another-sequencer', roundsWithNewBlocks: 3 },
    'recovering',
    undefined
  ],
  [{ writesWaitFor: 'disk-full' }, { code: 'disk-full' }, 'disk-full', 'make room'],
  [{ writesWaitFor: 'files-exhausted' }, { code: 'files-exhausted' }, 'files-exhausted', 'raise'],
  [{ clockFault: FAULT }, { code: 'clock', fault: FAULT }, 'recovering', 'set the clock'],
  [{ stateAtHead: false }, { code: 'state-not-readable' }, 'recovering', undefined],
  // Height 0 is one that can be lost.
  [{ unknownHash: 0n }, { code: 'blocks-missing', number: 0n }, 'recovering', 'connect'],
  [{ quietRemainingMs: 1 }, { code: 'quiet-round', remainingMs: 1 }, 'recovering', undefined]
]

describe('the waits of the gate', () => {
  it('are none where nothing is to be waited for', () => {
    assert.equal(firstWait(NOTHING), undefined)
  })

  it('are all tried here, in their order', () => {
    assert.deepEqual(
      ROWS.map(([, { code }]) => code),
      WAIT_REASONS.map(({ code }) => code)
    )
  })

  for (const [at, [change, reason, word, exit]] of ROWS.entries()) {
    it(`${reason.code}: its condition, the gate’s word, and the exit`, () => {
      assert.deepEqual(firstWait({ ...NOTHING, ...change }), reason)
      const gate = createGate()
      nameShutReason(gate, reason)
      assert.deepEqual(gate.state(), { kind: 'shut', reason: word })
      assert.equal(isNamedAtGate(reason.code), word === reason.code)
      const action: BlockAction = { action: 'wait', reason }
      const found = exitOf(action, ref(10))
      if (exit === undefined) assert.equal(found, undefined)
      else assert.ok(found?.startsWith(exit), found)
      const { meaning, safe } = explainWait(reason.code)
      for (const text of [meaning, safe]) assert.match(text, /^[A-Z].*\.$/)
    })

    it(`${reason.code} counts before those that stand after it`, () => {
      for (const [later] of ROWS.slice(at + 1)) {
        assert.equal(firstWait({ ...NOTHING, ...later, ...change })?.code, reason.code)
      }
    })
  }

  it('name the head in the exit of a stop', () => {
    const action: BlockAction = { action: 'wait', reason: { code: 'sequencing-stopped' } }
    assert.equal(exitOf(action, ref(10)), `admin_startSequencer ${ref(10).hash}, or a restart`)
  })
})
