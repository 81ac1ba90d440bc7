// What a node says of itself: behind, alone, old or waiting, by the words of README.md's tables.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { parseGenesis } from '../../../src/chain/genesis/genesis.ts'
import { explanationOf } from '../../../src/cli/explanations.ts'
import { type BlockAction } from '../../../src/recovery/decide/decide.ts'
import { WAIT_REASONS, type WaitReason } from '../../../src/recovery/decide/wait-reasons.ts'
import { type ShutReason } from '../../../src/recovery/gate.ts'
import { LAG_MAX_MS, type StandingFindings, standingOf } from '../../../src/recovery/standing.ts'
import { projectPath } from '../../support/project-root.ts'
import { ref } from './findings-fixture.ts'

const GAP = { target: ref(12), firstMissing: 11n, lastMissing: 12n, reason: 'its root is wrong' }

/** A backup that follows. */
const BACKUP: StandingFindings = {
  role: 'backup',
  gate: { kind: 'shut', reason: 'recovering' },
  blockAction: { action: 'follow' },
  stateAction: { action: 'none' },
  isFlushAwaited: false,
  isJoining: false,
  headNumber: 10n,
  headAgeMs: 900,
  slotMs: 1_000,
  highestShown: 10n,
  namedConnectedCount: 1
}
/** A sequencer that builds. */
const SEQUENCER: StandingFindings = {
  ...BACKUP,
  role: 'sequencer',
  gate: { kind: 'open', on: ref(10) },
  blockAction: { action: 'open', on: ref(10) },
  namedConnectedCount: 0
}
const adopt = { action: 'adopt', target: { block: ref(11), holders: ['a'] } } as const
const shut = (reason: ShutReason, blockAction: BlockAction = { action: 'follow' }) => ({
  gate: { kind: 'shut', reason } as const,
  blockAction
})

describe('how a node stands', () => {
  for (const [what, base, changes, kind, says, isCaughtUp, behindCount] of [
    ['a backup that follows', BACKUP, {}, 'ready', 'following', true, 0],
    [
      'one that adopts the next block',
      BACKUP,
      { blockAction: adopt },
      'ready',
      'following',
      true,
      0
    ],
    [
      'one that adopts a block far above',
      BACKUP,
      { blockAction: adopt, highestShown: 500n },
      'recovering',
      'recovering',
      false,
      490
    ],
    ['one at its bound behind', BACKUP, { highestShown: 22n }, 'ready', 'following', true, 0],
    ['one that was rewound', BACKUP, { highestShown: 23n }, 'lagging', 'behind', false, 13],
    ['one without peers', BACKUP, { namedConnectedCount: 0 }, 'lagging', 'no-peers', false, 0],
    [
      'one whose chain cannot be executed',
      BACKUP,
      { blockAction: { action: 'follow', gap: GAP }, highestShown: 12n },
      'lagging',
      'stay-shut-gap',
      false,
      2
    ],
    ['one that joins', BACKUP, { isJoining: true }, 'lagging', 'joining', false, 0],
    [
      'one before its first decision',
      BACKUP,
      { blockAction: undefined },
      'recovering',
      'recovering',
      false,
      0
    ],
    [
      'one without the state of its head',
      BACKUP,
      { stateAction: { action: 'await-state', reason: 'none' } },
      'recovering',
      'state-not-readable',
      false,
      0
    ],
    [
      'one whose head is at its bound',
      BACKUP,
      { headAgeMs: LAG_MAX_MS },
      'ready',
      'following',
      true,
      0
    ],
    ['one whose head is old', BACKUP, { headAgeMs: 20_500 }, 'lagging', 'behind-clock', false, 20],
    [
      'one whose head is in the future',
      BACKUP,
      { headAgeMs: -6_000 },
      'lagging',
      'clock',
      false,
      0
    ],
    [
      'one that waits for its disk',
      BACKUP,
      { isFlushAwaited: true },
      'lagging',
      'flush-awaited',
      true,
      0
    ],
    [
      'one of slow blocks, two slots ago',
      BACKUP,
      { slotMs: 10_000, headAgeMs: 25_000 },
      'ready',
      'following',
      true,
      0
    ],
    ['a sequencer that builds', SEQUENCER, {}, 'ready', 'ready', true, 0],
    [
      'one whose head is hours before the clock',
      SEQUENCER,
      { headAgeMs: 7_200_000 },
      'lagging',
      'behind-clock',
      false,
      7_200
    ],
    [
      'one that waits for its disk',
      SEQUENCER,
      { isFlushAwaited: true },
      'lagging',
      'flush-awaited',
      true,
      0
    ],
    [
      'one that recovers',
      SEQUENCER,
      shut('recovering', adopt),
      'recovering',
      'recovering',
      false,
      0
    ],
    [
      'one whose quorum is missing',
      SEQUENCER,
      shut('recovering', { action: 'ask', missing: ['a'], required: 1, answered: 0 }),
      'recovering',
      'ask',
      false,
      0
    ],
    [
      'one with a gap',
      SEQUENCER,
      shut('recovering', { action: 'stay-shut-gap', failure: GAP }),
      'recovering',
      'stay-shut-gap',
      false,
      0
    ],
    [
      'one with a conflict',
      SEQUENCER,
      shut('recovering', {
        action: 'stay-shut-conflict',
        conflict: { ours: ref(10), other: ref(10, 'b'), holders: [] }
      }),
      'recovering',
      'stay-shut-conflict',
      false,
      0
    ],
    [
      'one that an operator stopped',
      SEQUENCER,
      shut('sequencing-stopped'),
      'recovering',
      'sequencing-stopped',
      false,
      0
    ]
  ] as const) {
    it(`${base.role}, ${what}: ${says}`, () => {
      const standing = standingOf({ ...base, ...changes })
      assert.deepEqual(standing, { kind, says, isCaughtUp, behindCount: BigInt(behindCount) })
    })
  }

  it('says each wait of a gate by its own word, never that it recovers', () => {
    for (const { code } of WAIT_REASONS) {
      const reason = { code } as WaitReason
      const { says } = standingOf({
        ...SEQUENCER,
        ...shut('recovering', { action: 'wait', reason })
      })
      assert.equal(says, code)
    }
  })

  it('is not ready on an old genesis, whatever its gate says', () => {
    const file = projectPath('test/fixtures/genesis-old.json')
    const { timestamp } = parseGenesis(readFileSync(file, 'utf8'))
    const headAgeMs = Date.UTC(2026, 0, 1) - Number(timestamp) * 1_000
    const old = standingOf({ ...SEQUENCER, headNumber: 0n, highestShown: 0n, headAgeMs })
    assert.equal(old.says, 'behind-clock')
    assert.equal(old.behindCount, BigInt(headAgeMs / 1_000))
  })

  it('uses no word that explain and README.md do not have', () => {
    const readme = readFileSync(projectPath('README.md'), 'utf8')
    const words = [
      'behind',
      'behind-clock',
      'flush-awaited',
      'joining',
      'no-peers',
      'stay-shut-gap'
    ]
    for (const word of words) {
      assert.notEqual(explanationOf(word), undefined, word)
      assert.match(readme, new RegExp(`^\\| \`?[^|]*\`${word}\``, 'm'), word)
    }
  })
})
