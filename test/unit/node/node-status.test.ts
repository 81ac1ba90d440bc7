// What status says of a wait: what for, and the command that ends it.
import assert from 'node:assert/strict'
import { type AdoptedBackup } from '../../../src/backups/adopted-backups.ts'
import {
  describeHealth,
  describeRecovery,
  type NodeRecovery
} from '../../../src/node/node-status.ts'
import { type BlockAction } from '../../../src/recovery/decide/decide.ts'
import { type ForeignBlock } from '../../../src/recovery/decide/wait-reasons.ts'
import { ref } from '../recovery/findings-fixture.ts'

const FAILURE = { target: ref(12), firstMissing: 11n, lastMissing: 11n, reason: 'nobody serves it' }
const CONFLICT = { ours: ref(10), other: ref(10, 'b'), holders: ['backup-1'] }

const OPEN = { kind: 'open', on: ref(10) } as const
const NO_STATE_ACTION = { action: 'none' } as const

function statusOf(
  blockAction: BlockAction,
  {
    foreign,
    conflicts = [],
    stateAction = NO_STATE_ACTION,
    formerBackups = []
  }: Partial<NodeRecovery> = {}
): NodeRecovery {
  return {
    formerBackups,
    holes: { runs: [], runsCount: 0 },
    gate: { kind: 'shut', reason: 'recovering' },
    stateAction,
    blockAction,
    stages: [],
    head: ref(10),
    conflicts,
    foreign,
    answers: new Map(),
    hasUnasked: false,
    sharedKeys: [],
    heard: new Set(),
    last: undefined
  }
}

function describeAction(
  blockAction: BlockAction,
  foreign?: ForeignBlock,
  formerBackups: readonly AdoptedBackup[] = []
) {
  return describeRecovery(statusOf(blockAction, { foreign, formerBackups }))
}

describe('the status of a recovery', () => {
  for (const [what, action, override] of [
    [
      'the quorum',
      { action: 'ask', missing: ['backup-2'], required: 2, answered: 1 },
      `restart with --start-without-backups ${ref(10).hash}`
    ],
    [
      'a gap that nobody serves',
      { action: 'stay-shut-gap', failure: FAILURE },
      `restart with --give-up-above ${ref(10).hash}`
    ],
    [
      'a choice',
      { action: 'stay-shut-conflict', conflict: CONFLICT },
      `stop, and rekindle db choose --branch ${ref(10).hash} --confirm ${ref(10, 'b').hash}`
    ],
    [
      'an operator who stopped it',
      { action: 'wait', reason: { code: 'sequencing-stopped' } },
      `admin_startSequencer ${ref(10).hash}`
    ],
    [
      'a look at the other sequencer',
      {
        action: 'wait',
        reason: { code: 'foreign-block', foreign: { block: ref(11), from: 'backup-1' } }
      },
      `admin_startSequencer ${ref(10).hash}`
    ]
  ] as const) {
    it(`names the command where it waits for ${what}`, () => {
      assert.ok(describeAction(action).override?.startsWith(override))
    })
  }

  it('shows the block of another sequencer, and who had it, whatever row has matched since', () => {
    const foreign = { block: ref(10, 'b'), from: 'backup-1' }
    const shut = { action: 'stay-shut-conflict', conflict: CONFLICT } as const
    const meaning = 'another sequencer uses this key'
    assert.deepEqual(describeAction(shut, foreign).foreign, { ...foreign, meaning })
    assert.equal(describeAction(shut).foreign, undefined)
  })

  it('names what a state on disk waits for, and is no health of a backup', () => {
    const follow = { action: 'follow' } as const
    const found = { diskLayer: ref(13), reason: 'no connected peer serves it' }
    const status = statusOf(follow, {
      stateAction: { action: 'await-disk-layer', ...found }
    })
    assert.deepEqual(describeRecovery(status).stateWaitsFor, found)
    assert.equal(describeHealth({ role: 'backup' }, status).ok, false)
    assert.equal(describeHealth({ role: 'backup' }, statusOf(follow)).ok, true)
  })

  it('is no health, and names the disk, where a block waits for a flush', () => {
    const status = { ...statusOf({ action: 'follow' }), gate: OPEN }
    const flush = { number: 7n, elapsedMs: 1_500.4, isAwaited: true }
    for (const role of ['sequencer', 'backup'] as const) {
      assert.deepEqual(describeHealth({ role }, status, flush), {
        ok: false,
        state: 'flush-awaited',
        flush: {
          number: 7,
          elapsedMs: 1_500,
          waitsFor: 'the disk of the data directory',
          override: 'mend the disk of the data directory: rekindle explain flush-awaited'
        }
      })
      assert.equal(describeHealth({ role }, status, { ...flush, isAwaited: false }).ok, true)
    }
  })

  it('names backups that left the set: where they are, and what to do about one that is missing', () => {
    const former = [
      { peerId: 'gone', multiaddr: '/ip4/10.0.0.9/tcp/9222/p2p/gone' },
      { peerId: 'there', multiaddr: '/ip4/10.0.0.8/tcp/9222/p2p/there' },
      { peerId: 'old' }
    ]
    const ask = {
      action: 'ask',
      missing: ['gone', 'old'],
      required: 3,
      answered: 1
    } as const
    const [gone, there, old] = describeAction(ask, undefined, former).formerBackups ?? []
    assert.equal(gone?.multiaddr, '/ip4/10.0.0.9/tcp/9222/p2p/gone')
    const override = `--start-without-backups ${ref(10).hash}: what it holds is given up`
    assert.equal(
      gone.exit,
      `start gone once more at ${gone.multiaddr}; or restart with ${override}`
    )
    assert.equal(there?.exit, undefined)
    assert.equal(old?.multiaddr, 'not stored')
    assert.match(old.exit ?? '', /^name old with its address under peers, and restart; or/)
    assert.equal(describeAction(ask).formerBackups, undefined)
  })

  it('shows the signatures that prove a conflict, as far as both blocks are held', () => {
    const shut = { action: 'stay-shut-conflict', conflict: CONFLICT } as const
    const status = statusOf(shut, { conflicts: [CONFLICT] })
    const { conflicts } = describeRecovery(status, (hash) =>
      hash === CONFLICT.ours.hash ? '0x51' : undefined
    )
    assert.deepEqual(conflicts, [{ ...CONFLICT, signatures: { ours: '0x51', other: undefined } }])
  })

  it('names the gap, also of a backup that follows what it has', () => {
    const stuck = { action: 'stay-shut-gap', failure: FAILURE } as const
    assert.deepEqual(describeAction(stuck).gap, FAILURE)
    const behind = { action: 'follow', gap: FAILURE } as const
    assert.deepEqual(describeAction(behind).gap, FAILURE)
  })
})
