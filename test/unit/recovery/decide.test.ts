// The decision table as a table of tests: each row matches where it should and nowhere before.
import assert from 'node:assert/strict'
import { type BlockAction, decideBlocks } from '../../../src/recovery/decide/decide.ts'
import { type BlockFindings } from '../../../src/recovery/decide/findings.ts'
import {
  SHOWN,
  CONFLICT,
  GAP_FAILURE,
  CLOCK_FAULT,
  UNREADABLE,
  QUIET_DONE,
  everyCombination
} from './every-finding.ts'
import { answered, answers, BACKUPS, blockFindings, ref } from './findings-fixture.ts'

const CLAIMED = { ...GAP_FAILURE, claimedBy: SHOWN.holders }
const UNSERVED = { shown: [SHOWN], gapFailures: new Map([[SHOWN.block.hash, GAP_FAILURE]]) }

const ROWS: readonly {
  readonly when: string
  readonly findings: Partial<BlockFindings>
  readonly expect: Partial<BlockAction> & { readonly reason?: unknown }
}[] = [
  { when: 'nothing is missing', findings: {}, expect: { action: 'open' } },
  {
    when: 'stay-shut-conflict: a conflict was seen, whatever else matches',
    findings: { conflict: CONFLICT, shown: [SHOWN], record: UNREADABLE },
    expect: { action: 'stay-shut-conflict' }
  },
  {
    when: 'exit: the record is damaged before its last entry',
    findings: { record: UNREADABLE, shown: [SHOWN] },
    expect: { action: 'exit' }
  },
  {
    when: 'adopt: one peer shows a block above, although no quorum answered',
    findings: { shown: [SHOWN], answers: new Map() },
    expect: { action: 'adopt', target: SHOWN }
  },
  {
    when: 'adopt: the highest of several is the target',
    findings: { shown: [SHOWN, { block: ref(13), holders: ['backup-3'] }] },
    expect: { action: 'adopt', target: { block: ref(13), holders: ['backup-3'] } }
  },
  {
    when: 'adopt: a target that failed gives way to one that has not',
    findings: {
      shown: [{ block: ref(13), holders: ['backup-3'] }, SHOWN],
      gapFailures: new Map([[ref(13).hash, { ...GAP_FAILURE, target: ref(13) }]])
    },
    expect: { action: 'adopt', target: SHOWN }
  },
  {
    when: 'stay-shut-gap: the only target cannot be reached',
    findings: { shown: [SHOWN], gapFailures: new Map([[SHOWN.block.hash, GAP_FAILURE]]) },
    expect: { action: 'stay-shut-gap', failure: CLAIMED }
  },
  {
    when: 'ask: two of three is a majority, one is not',
    findings: { answers: answers(answered()) },
    expect: { action: 'ask', required: 2, answered: 1 }
  },
  {
    when: 'ask: without a record all must answer',
    findings: { record: { kind: 'off' }, answers: answers(answered(), answered()) },
    expect: { action: 'ask', missing: ['backup-3'], required: 3, answered: 2 }
  },
  {
    when: 'ask: an empty record vouches for nothing',
    findings: { record: { kind: 'empty' }, answers: answers(answered(), answered()) },
    expect: { missing: ['backup-3'] }
  },
  {
    when: 'ask: a torn record counts as missing',
    findings: {
      record: { kind: 'torn', tip: ref(10) },
      answers: answers(answered(), answered())
    },
    expect: { missing: ['backup-3'] }
  },
  {
    when: 'ask: a record below our head is stale',
    findings: { record: { kind: 'good', tip: ref(9) }, answers: answers(answered(), answered()) },
    expect: { missing: ['backup-3'] }
  },
  {
    when: 'ask: "cannot say" is not an answer',
    findings: {
      answers: answers(answered(), { kind: 'cannot-say', reason: 'starting' }, undefined)
    },
    expect: { required: 2, answered: 1 }
  },
  {
    when: 'ask: a changed set of backups needs the quorum of both',
    findings: {
      backupSets: [
        { name: 'configured', backups: BACKUPS },
        { name: 'stored', backups: ['backup-old'] }
      ]
    },
    expect: { missing: ['backup-old'] }
  },
  {
    when: 'take-record: the record is above our head and the quorum holds nothing there',
    findings: { record: { kind: 'good', tip: ref(11) } },
    expect: { action: 'take-record', tip: ref(11) }
  },
  {
    when: 'take-record before the clock bars opening: the record is above us and the clock is wrong too',
    findings: { record: { kind: 'good', tip: ref(11) }, clockFault: CLOCK_FAULT },
    expect: { action: 'take-record' }
  },
  {
    when: 'stay-shut-gap: the record names a block that nobody has',
    findings: {
      record: { kind: 'good', tip: ref(11) },
      gapFailures: new Map([[ref(11).hash, GAP_FAILURE]])
    },
    expect: {
      action: 'stay-shut-gap',
      failure: { ...GAP_FAILURE, claimedBy: ['record'] }
    }
  },
  {
    when: 'the clock bars opening',
    findings: { clockFault: CLOCK_FAULT },
    expect: { action: 'wait', reason: { code: 'clock', fault: CLOCK_FAULT } }
  },
  {
    when: 'the clock does not bar adopt',
    findings: { clockFault: CLOCK_FAULT, shown: [SHOWN] },
    expect: { action: 'adopt' }
  },
  {
    when: 'opening waits for the state at the head',
    findings: { stateAtHead: false },
    expect: { action: 'wait', reason: { code: 'state-not-readable' } }
  },
  {
    when: 'opening waits for the hash of a lost block that execution may ask for',
    findings: { unknownHash: 7n },
    expect: { action: 'wait', reason: { code: 'blocks-missing', number: 7n } }
  },
  {
    when: 'opening waits while the disk is full',
    findings: { writesWaitFor: 'disk-full' },
    expect: { reason: { code: 'disk-full' } }
  },
  {
    when: 'opening waits while no file can be opened',
    findings: { writesWaitFor: 'files-exhausted' },
    expect: { reason: { code: 'files-exhausted' } }
  },
  {
    when: 'opening waits when the schedule names another key',
    findings: { scheduleNamesUs: false },
    expect: { reason: { code: 'not-scheduled' } }
  },
  {
    when: 'opening waits when sequencing is stopped',
    findings: { sequencing: false },
    expect: { reason: { code: 'sequencing-stopped' } }
  },
  {
    when: 'opening stays latched after a foreign block',
    findings: { foreign: { block: ref(11, 'b'), from: 'backup-1' } },
    expect: { action: 'wait' }
  },
  {
    when: 'opening waits when new blocks came in three rounds running',
    findings: { rounds: { ...QUIET_DONE, newInARow: 3 } },
    expect: { reason: { code: 'another-sequencer', roundsWithNewBlocks: 3 } }
  },
  {
    when: 'without a record a second full round is due: none was made',
    findings: {
      record: { kind: 'missing' },
      rounds: { firstFullMs: 0, quietFullMs: undefined, newInARow: 0 },
      nowMs: 1_000
    },
    expect: { reason: { code: 'quiet-round', remainingMs: 5_000 } }
  },
  {
    when: 'without a record a second full round that came too early does not count',
    findings: {
      record: { kind: 'missing' },
      rounds: { firstFullMs: 0, quietFullMs: 5_999, newInARow: 0 },
      nowMs: 5_999
    },
    expect: { reason: { code: 'quiet-round', remainingMs: 1 } }
  },
  {
    when: 'three slots may be longer than six seconds',
    findings: {
      record: { kind: 'missing' },
      blockTimeMs: 4_000,
      rounds: { firstFullMs: 0, quietFullMs: 6_000, newInARow: 0 },
      nowMs: 6_000
    },
    expect: { reason: { code: 'quiet-round', remainingMs: 6_000 } }
  },
  {
    when: 'without a record, after a quiet second round',
    findings: { record: { kind: 'missing' } },
    expect: { action: 'open' }
  },
  {
    when: 'with a good record nothing is waited for',
    findings: { rounds: { firstFullMs: undefined, quietFullMs: undefined, newInARow: 0 } },
    expect: { action: 'open' }
  },
  {
    when: 'quorum none opens without an answer, by name',
    findings: { quorum: 'none', answers: new Map(), record: { kind: 'off' } },
    expect: { action: 'open' }
  },
  {
    when: 'a number of backups can be set',
    findings: { quorum: 1, answers: answers(answered()), record: { kind: 'off' } },
    expect: { action: 'open' }
  },
  {
    when: 'a number of backups needs the quiet round too, though more of them answered',
    findings: {
      quorum: 1,
      record: { kind: 'off' },
      rounds: { firstFullMs: 0, quietFullMs: undefined, newInARow: 0 },
      nowMs: 1_000
    },
    expect: { reason: { code: 'quiet-round', remainingMs: 5_000 } }
  },
  {
    when: 'give-up: by name, once the quorum has spoken',
    findings: { ...UNSERVED, giveUpAbove: ref(10).hash },
    expect: { action: 'give-up', target: ref(11), above: ref(10) }
  },
  {
    when: 'stay-shut-gap: the name of another head gives nothing up',
    findings: { ...UNSERVED, giveUpAbove: ref(9).hash },
    expect: { action: 'stay-shut-gap' }
  },
  {
    when: 'stay-shut-gap: with a torn record nothing is given up',
    findings: {
      gapFailures: UNSERVED.gapFailures,
      record: { kind: 'torn', tip: ref(11) },
      giveUpAbove: ref(10).hash
    },
    expect: { action: 'stay-shut-gap' }
  },
  {
    when: 'ask before anything is given up: the quorum has not spoken',
    findings: { ...UNSERVED, giveUpAbove: ref(10).hash, answers: answers(answered()) },
    expect: { action: 'ask', missing: ['backup-2', 'backup-3'] }
  },
  {
    when: 'ask before anything is given up: with no quorum, whoever is there was not asked yet',
    findings: { ...UNSERVED, giveUpAbove: ref(10).hash, quorum: 'none', isAskDue: true },
    expect: { action: 'ask', required: 0 }
  },
  {
    when: 'a backup that follows says what it cannot reach',
    findings: { ...UNSERVED, role: 'backup', backupSets: [] },
    expect: { action: 'follow', gap: CLAIMED }
  },
  {
    when: 'quorum all asks for all even with a good record',
    findings: { quorum: 'all', answers: answers(answered(), answered()) },
    expect: { missing: ['backup-3'] }
  },
  {
    when: 'a backup follows without any answer',
    findings: { role: 'backup', answers: new Map(), backupSets: [] },
    expect: { action: 'follow' }
  },
  {
    when: 'a backup does not stop at a conflict',
    findings: { role: 'backup', conflict: CONFLICT, shown: [SHOWN] },
    expect: { action: 'adopt' }
  }
]

describe('decideBlocks', () => {
  for (const { when, findings, expect } of ROWS) {
    it(when, () => {
      const action = decideBlocks(blockFindings(findings))
      assert.deepEqual({ ...action, ...expect }, action)
    })
  }

  it('has an action for every combination of a small domain, and opens only where it may', () => {
    let seen = 0
    const actions = new Set<string>()
    for (const findings of everyCombination()) {
      const action = decideBlocks(findings)
      actions.add(action.action === 'wait' ? action.reason.code : action.action)
      seen += 1
      if (action.action === 'give-up') assertGivenUpByName(findings)
      if (action.action !== 'open') continue
      const barred = decideBlocks({ ...findings, unknownHash: 7n })
      assert.ok(barred.action === 'wait' && barred.reason.code === 'blocks-missing')
      assert.equal(findings.role, 'sequencer')
      assert.equal(findings.conflict, undefined)
      assert.equal(findings.clockFault, undefined)
      assert.equal(findings.foreign, undefined)
      assert.ok(findings.stateAtHead && findings.sequencing && !findings.writesWaitFor)
      assert.ok(findings.scheduleNamesUs)
      assert.ok(findings.shown.every(({ block }) => block.number <= findings.head.number))
      const tip = 'tip' in findings.record ? findings.record.tip : undefined
      assert.ok(tip === undefined || tip.number <= findings.head.number)
      const given = [...findings.answers.values()].filter(({ kind }) => kind === 'answered').length
      if (findings.quorum === 'all') assert.equal(given, 3)
      if (findings.quorum === 'auto') assert.ok(given >= (findings.record.kind === 'good' ? 2 : 3))
    }
    assert.ok(seen > 50_000, `${String(seen)} combinations`)
    assert.deepEqual([...actions].sort(), EVERY_ACTION)
  })
})

/** What is decided, and what opening may wait for. */
const EVERY_ACTION = [
  'adopt',
  'another-sequencer',
  'ask',
  'clock',
  'disk-full',
  'exit',
  'follow',
  'foreign-block',
  'give-up',
  'not-scheduled',
  'open',
  'quiet-round',
  'sequencing-stopped',
  'state-not-readable',
  'stay-shut-conflict',
  'stay-shut-gap',
  'take-record'
]

function assertGivenUpByName(findings: BlockFindings): void {
  assert.equal(findings.role, 'sequencer')
  assert.equal(findings.conflict, undefined)
  assert.equal(findings.giveUpAbove, findings.head.hash)
  assert.ok(findings.gapFailures.size > 0)
  assert.notEqual(findings.record.kind, 'torn')
}
