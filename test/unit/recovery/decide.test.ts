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
  { when: 'nothing is missing', findings: {}, expect: { row: 14, action: 'open' } },
  {
    when: 'row 1: a conflict was seen, whatever else matches',
    findings: { conflict: CONFLICT, shown: [SHOWN], record: UNREADABLE },
    expect: { row: 1, action: 'stay-shut-conflict' }
  },
  {
    when: 'row 2: the record is damaged before its last entry',
    findings: { record: UNREADABLE, shown: [SHOWN] },
    expect: { row: 2, action: 'exit' }
  },
  {
    when: 'row 5: one peer shows a block above, although no quorum answered',
    findings: { shown: [SHOWN], answers: new Map() },
    expect: { row: 5, action: 'adopt', target: SHOWN }
  },
  {
    when: 'row 5: the highest of several is the target',
    findings: { shown: [SHOWN, { block: ref(13), holders: ['backup-3'] }] },
    expect: { row: 5, action: 'adopt', target: { block: ref(13), holders: ['backup-3'] } }
  },
  {
    when: 'row 5: a target that failed gives way to one that has not',
    findings: {
      shown: [{ block: ref(13), holders: ['backup-3'] }, SHOWN],
      gapFailures: new Map([[ref(13).hash, { ...GAP_FAILURE, target: ref(13) }]])
    },
    expect: { row: 5, action: 'adopt', target: SHOWN }
  },
  {
    when: 'row 13: the only target cannot be reached',
    findings: { shown: [SHOWN], gapFailures: new Map([[SHOWN.block.hash, GAP_FAILURE]]) },
    expect: { row: 13, action: 'stay-shut-gap', failure: CLAIMED }
  },
  {
    when: 'row 6: two of three is a majority, one is not',
    findings: { answers: answers(answered()) },
    expect: { row: 6, action: 'ask', required: 2, answered: 1 }
  },
  {
    when: 'row 6: without a record all must answer',
    findings: { record: { kind: 'off' }, answers: answers(answered(), answered()) },
    expect: { row: 6, action: 'ask', missing: ['backup-3'], required: 3, answered: 2 }
  },
  {
    when: 'row 6: an empty record vouches for nothing',
    findings: { record: { kind: 'empty' }, answers: answers(answered(), answered()) },
    expect: { row: 6, missing: ['backup-3'] }
  },
  {
    when: 'row 6: a torn record counts as missing',
    findings: {
      record: { kind: 'torn', tip: ref(10) },
      answers: answers(answered(), answered())
    },
    expect: { row: 6, missing: ['backup-3'] }
  },
  {
    when: 'row 6: a record below our head is stale',
    findings: { record: { kind: 'good', tip: ref(9) }, answers: answers(answered(), answered()) },
    expect: { row: 6, missing: ['backup-3'] }
  },
  {
    when: 'row 6: "cannot say" is not an answer',
    findings: {
      answers: answers(answered(), { kind: 'cannot-say', reason: 'starting' }, undefined)
    },
    expect: { row: 6, required: 2, answered: 1 }
  },
  {
    when: 'row 6: a changed set of backups needs the quorum of both',
    findings: {
      backupSets: [
        { name: 'configured', backups: BACKUPS },
        { name: 'stored', backups: ['backup-old'] }
      ]
    },
    expect: { row: 6, missing: ['backup-old'] }
  },
  {
    when: 'row 7: the record is above our head and the quorum holds nothing there',
    findings: { record: { kind: 'good', tip: ref(11) } },
    expect: { row: 7, action: 'take-record', tip: ref(11) }
  },
  {
    when: 'row 7 before row 14: the record is above us and the clock is wrong too',
    findings: { record: { kind: 'good', tip: ref(11) }, clockFault: CLOCK_FAULT },
    expect: { row: 7 }
  },
  {
    when: 'row 13: the record names a block that nobody has',
    findings: {
      record: { kind: 'good', tip: ref(11) },
      gapFailures: new Map([[ref(11).hash, GAP_FAILURE]])
    },
    expect: {
      row: 13,
      action: 'stay-shut-gap',
      failure: { ...GAP_FAILURE, claimedBy: ['record'] }
    }
  },
  {
    when: 'row 3 bars row 14',
    findings: { clockFault: CLOCK_FAULT },
    expect: { row: 14, action: 'wait', reason: { code: 'clock', fault: CLOCK_FAULT } }
  },
  {
    when: 'row 3 does not bar row 5',
    findings: { clockFault: CLOCK_FAULT, shown: [SHOWN] },
    expect: { row: 5 }
  },
  {
    when: 'row 14 waits for the state at the head',
    findings: { stateAtHead: false },
    expect: { row: 14, action: 'wait', reason: { code: 'state-not-readable' } }
  },
  {
    when: 'row 14 waits for the hash of a lost block that execution may ask for',
    findings: { unknownHash: 7n },
    expect: { row: 14, action: 'wait', reason: { code: 'blocks-missing', number: 7n } }
  },
  {
    when: 'row 14 waits while the disk is full',
    findings: { writesWaitFor: 'disk-full' },
    expect: { row: 14, reason: { code: 'disk-full' } }
  },
  {
    when: 'row 14 waits while no file can be opened',
    findings: { writesWaitFor: 'files-exhausted' },
    expect: { row: 14, reason: { code: 'files-exhausted' } }
  },
  {
    when: 'row 14 waits when the schedule names another key',
    findings: { scheduleNamesUs: false },
    expect: { row: 14, reason: { code: 'not-scheduled' } }
  },
  {
    when: 'row 14 waits when sequencing is stopped',
    findings: { sequencing: false },
    expect: { row: 14, reason: { code: 'sequencing-stopped' } }
  },
  {
    when: 'row 14 stays latched after a foreign block',
    findings: { foreign: { block: ref(11, 'b'), from: 'backup-1' } },
    expect: { row: 14, action: 'wait' }
  },
  {
    when: 'row 14 waits when new blocks came in three rounds running',
    findings: { rounds: { ...QUIET_DONE, newInARow: 3 } },
    expect: { row: 14, reason: { code: 'another-sequencer', roundsWithNewBlocks: 3 } }
  },
  {
    when: 'without a record a second full round is due: none was made',
    findings: {
      record: { kind: 'missing' },
      rounds: { firstFullMs: 0, quietFullMs: undefined, newInARow: 0 },
      nowMs: 1_000
    },
    expect: { row: 14, reason: { code: 'quiet-round', remainingMs: 5_000 } }
  },
  {
    when: 'without a record a second full round that came too early does not count',
    findings: {
      record: { kind: 'missing' },
      rounds: { firstFullMs: 0, quietFullMs: 5_999, newInARow: 0 },
      nowMs: 5_999
    },
    expect: { row: 14, reason: { code: 'quiet-round', remainingMs: 1 } }
  },
  {
    when: 'three slots may be longer than six seconds',
    findings: {
      record: { kind: 'missing' },
      blockTimeMs: 4_000,
      rounds: { firstFullMs: 0, quietFullMs: 6_000, newInARow: 0 },
      nowMs: 6_000
    },
    expect: { row: 14, reason: { code: 'quiet-round', remainingMs: 6_000 } }
  },
  {
    when: 'without a record, after a quiet second round',
    findings: { record: { kind: 'missing' } },
    expect: { row: 14, action: 'open' }
  },
  {
    when: 'with a good record nothing is waited for',
    findings: { rounds: { firstFullMs: undefined, quietFullMs: undefined, newInARow: 0 } },
    expect: { row: 14, action: 'open' }
  },
  {
    when: 'quorum none opens without an answer, by name',
    findings: { quorum: 'none', answers: new Map(), record: { kind: 'off' } },
    expect: { row: 14, action: 'open' }
  },
  {
    when: 'a number of backups can be set',
    findings: { quorum: 1, answers: answers(answered()), record: { kind: 'off' } },
    expect: { row: 14, action: 'open' }
  },
  {
    when: 'a number of backups needs the quiet round too, though more of them answered',
    findings: {
      quorum: 1,
      record: { kind: 'off' },
      rounds: { firstFullMs: 0, quietFullMs: undefined, newInARow: 0 },
      nowMs: 1_000
    },
    expect: { row: 14, reason: { code: 'quiet-round', remainingMs: 5_000 } }
  },
  {
    when: 'row 13: given up by name, once the quorum has spoken',
    findings: { ...UNSERVED, giveUpAbove: ref(10).hash },
    expect: { row: 13, action: 'give-up', target: ref(11), above: ref(10) }
  },
  {
    when: 'row 13: the name of another head gives nothing up',
    findings: { ...UNSERVED, giveUpAbove: ref(9).hash },
    expect: { row: 13, action: 'stay-shut-gap' }
  },
  {
    when: 'row 13: a torn record lets go of nothing',
    findings: {
      gapFailures: UNSERVED.gapFailures,
      record: { kind: 'torn', tip: ref(11) },
      giveUpAbove: ref(10).hash
    },
    expect: { row: 13, action: 'stay-shut-gap' }
  },
  {
    when: 'row 6 before anything is given up: the quorum has not spoken',
    findings: { ...UNSERVED, giveUpAbove: ref(10).hash, answers: answers(answered()) },
    expect: { row: 6, action: 'ask', missing: ['backup-2', 'backup-3'] }
  },
  {
    when: 'row 6 before anything is given up: with no quorum, whoever is there was not asked yet',
    findings: { ...UNSERVED, giveUpAbove: ref(10).hash, quorum: 'none', isAskDue: true },
    expect: { row: 6, action: 'ask', required: 0 }
  },
  {
    when: 'a backup that follows says what it cannot reach',
    findings: { ...UNSERVED, role: 'backup', backupSets: [] },
    expect: { row: undefined, action: 'follow', gap: CLAIMED }
  },
  {
    when: 'quorum all asks for all even with a good record',
    findings: { quorum: 'all', answers: answers(answered(), answered()) },
    expect: { row: 6, missing: ['backup-3'] }
  },
  {
    when: 'a backup follows without any answer',
    findings: { role: 'backup', answers: new Map(), backupSets: [] },
    expect: { row: undefined, action: 'follow' }
  },
  {
    when: 'a backup does not stop at a conflict',
    findings: { role: 'backup', conflict: CONFLICT, shown: [SHOWN] },
    expect: { row: 5, action: 'adopt' }
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
    const rows = new Set<number | undefined>()
    const actions = new Set<string>()
    for (const findings of everyCombination()) {
      const action = decideBlocks(findings)
      rows.add(action.row)
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
    assert.deepEqual([...rows].sort(), [1, 13, 14, 2, 5, 6, 7, undefined])
    assert.deepEqual([...actions].sort(), EVERY_ACTION)
  })
})

/** What rows come to, and what row 14 may wait for. */
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
