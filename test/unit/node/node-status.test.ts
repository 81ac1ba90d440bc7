// What status says of a wait: what for, and the command that ends it.
import assert from 'node:assert/strict'
import { type AdoptedBackup } from '../../../src/backups/adopted-backups.ts'
import {
  describeHealth,
  describeRecovery,
  type NodeRecovery
} from '../../../src/node/node-status.ts'
import { type NodeStanding } from '../../../src/node/node-standing.ts'
import { describeUnused } from '../../../src/report/unused-overrides.ts'
import { type Hex } from '../../../src/base/bytes.ts'
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
    history: { oldestBlock: 1n, oldestReceipts: 1n, wanted: 1n, reason: undefined },
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

  it('names what a state on disk waits for', () => {
    const found = { diskLayer: ref(13), reason: 'no connected peer serves it' }
    const stateAction = { action: 'await-disk-layer', ...found } as const
    const status = statusOf({ action: 'follow' }, { stateAction })
    assert.deepEqual(describeRecovery(status).stateWaitsFor, found)
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

/** A backup at block 10, with one of two named peers. */
const STANDING: NodeStanding = {
  kind: 'ready',
  says: 'following',
  isCaughtUp: true,
  behindCount: 0n,
  role: 'backup',
  gate: { kind: 'shut', reason: 'recovering' },
  blockAction: { action: 'follow' },
  stateAction: NO_STATE_ACTION,
  isFlushAwaited: false,
  isJoining: false,
  headNumber: 10n,
  headAgeMs: 1_900,
  slotMs: 1_000,
  highestShown: 10n,
  namedConnectedCount: 1,
  named: ['sequencer', 'backup-2'],
  startingNumber: 0n
}
const NOTHING_GIVEN = { oneStart: { startWithoutBackups: undefined, giveUpAbove: undefined } }
const FIGURES = {
  head: 10,
  headAgeSeconds: 1,
  behindBlocks: 0,
  namedPeers: 2,
  namedPeersConnected: 1
}

describe('health', () => {
  it('is the word and its figures where the node is ready', () => {
    const status = statusOf({ action: 'follow' })
    assert.deepEqual(describeHealth(STANDING, status, NOTHING_GIVEN), {
      ...{ ok: true, state: 'following', syncing: false, gate: undefined },
      ...FIGURES
    })
  })

  it('names the disk where a block waits for a flush', () => {
    const status = { ...statusOf({ action: 'follow' }), gate: OPEN }
    const flush = { number: 7n, elapsedMs: 1_500.4, isAwaited: true }
    const standing = { ...STANDING, kind: 'lagging', says: 'flush-awaited' } as const
    assert.deepEqual(describeHealth(standing, status, NOTHING_GIVEN, flush), {
      ...{ ok: false, state: 'flush-awaited', syncing: false, gate: undefined },
      ...FIGURES,
      flush: {
        number: 7,
        elapsedMs: 1_500,
        waitsFor: 'the disk of the data directory',
        override: 'mend the disk of the data directory: rekindle explain flush-awaited'
      }
    })
  })

  it('says the wait of a gate by its word, and an override that names another block', () => {
    const status = statusOf({ action: 'ask', missing: ['backup-2'], required: 1, answered: 0 })
    const standing = { ...STANDING, role: 'sequencer', kind: 'recovering', says: 'ask' } as const
    const given = ref(9).hash
    const oneStart = { ...NOTHING_GIVEN.oneStart, startWithoutBackups: given }
    const { ok, state, gate, recovery } = describeHealth(standing, status, { oneStart })
    assert.deepEqual({ ok, state, gate }, { ok: false, state: 'ask', gate: 'ask' })
    assert.deepEqual((recovery as { overrideUnused?: unknown }).overrideUnused, {
      flag: '--start-without-backups',
      given,
      head: ref(10).hash,
      meaning: 'it names another block than the head: nothing is given up'
    })
  })
})

describe('an override that is not used', () => {
  const ask = { action: 'ask', missing: ['a'], required: 1, answered: 0 } as const
  const gap = { action: 'stay-shut-gap', failure: FAILURE } as const
  const both = (hash: Hex) => ({ startWithoutBackups: hash, giveUpAbove: hash })
  for (const [what, given, status, flag] of [
    ['is said of a quorum', ref(9).hash, statusOf(ask), '--start-without-backups'],
    ['is said of a gap', ref(9).hash, statusOf(gap), '--give-up-above'],
    ['is none on the head', ref(10).hash, statusOf(ask), undefined],
    ['is none for another wait', ref(9).hash, statusOf({ action: 'follow' }), undefined],
    ['is none with an open gate', ref(9).hash, { ...statusOf(ask), gate: OPEN }, undefined]
  ] as const) {
    it(what, () => {
      assert.equal(describeUnused(both(given), status)?.flag, flag)
    })
  }
})
