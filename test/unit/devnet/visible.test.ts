// The visibility check: what a client was told while the gate was shut, and what the recovery said at its end.
import assert from 'node:assert/strict'
import { checkVisible, type StartView } from '../../../devnet/checks/visible.ts'
import { type StatusAnswer, type StatusSample } from '../../../devnet/cluster/recovery-samples.ts'
import { EMPTY_RECOVERY, type RecoverySection } from '../../../devnet/cluster/report.ts'

const SHUT_STATUS = {
  gate: { open: false, reason: 'recovering' },
  recovery: { action: 'ask', missing: ['peer-1'], stages: [{ name: 'ask-backups', done: 0 }] }
}
const OPEN_STATUS = { gate: { open: true, reason: null }, recovery: { stages: [] } }
const HEALTH = { ok: false, state: 'recovering' }

function sample(
  changes: Partial<StatusAnswer> = {},
  { askedMs = 1_400, endedMs = 1_500 } = {}
): StatusSample {
  return {
    askedMs,
    endedMs,
    answer: { healthCode: 503, health: HEALTH, status: SHUT_STATUS, ...changes }
  }
}

const OPEN_ANSWER = { status: OPEN_STATUS, healthCode: 200 }

const STAGE = { name: 'ask-backups', elapsedMs: 5, items: 1, bytes: 9, peers: ['peer-1'] }
const RECOVERY: RecoverySection = {
  sources: ['peers', 'execution'],
  firstBlock: 7,
  lastBlock: 7,
  lostLayers: 6,
  stages: [STAGE],
  elapsedMs: 900
}

/** A restart that was ready at 1,000 ms and opened its gate at 4,000. */
function start(changes: Partial<StartView> = {}): StartView {
  return {
    isRestart: true,
    readyMs: 1_000,
    openedMs: 4_000,
    samples: [sample()],
    recovery: RECOVERY,
    ...changes
  }
}

describe('the visibility check', () => {
  for (const [title, starts] of [
    ['a shut gate gave its reason', [start()]],
    ['a gate never opened and said why', [start({ openedMs: undefined, recovery: undefined })]],
    [
      'the gate opened while it was asked',
      [
        start({
          samples: [sample(OPEN_ANSWER, { askedMs: 3_600, endedMs: 3_999 })],
          readyMs: 3_500
        })
      ]
    ],
    ['a recovery was over too soon to be asked', [start({ samples: [], readyMs: 3_500 })]],
    [
      'nobody came to ask in time',
      [start(), start({ samples: [sample(OPEN_ANSWER, { askedMs: 3_100, endedMs: 4_100 })] })]
    ],
    [
      'the answer came just when the gate opened',
      [start(), start({ samples: [sample({}, { askedMs: 2_000, endedMs: 3_900 })] })]
    ],
    [
      'it was killed too soon to be asked',
      [start({ openedMs: undefined, killedMs: 1_900, samples: [], recovery: undefined })]
    ],
    [
      'nothing was lost, so that there is no source',
      [start({ recovery: { ...EMPTY_RECOVERY, stages: [STAGE] } })]
    ],
    ['a first start reports nothing', [start({ isRestart: false, recovery: undefined })]]
  ] as const) {
    it(`holds when ${title}`, () => {
      const result = checkVisible(starts)
      assert.equal(result.ok, true, result.detail)
    })
  }

  const silentStatus = { gate: { open: false, reason: 'recovering' }, recovery: { stages: [] } }
  for (const [title, broken, pattern] of [
    ['status calls it open', { samples: [sample({ status: OPEN_STATUS })] }, /did not say that/],
    ['status has no gate', { samples: [sample({ status: {} })] }, /did not say that/],
    [
      'status has no reason',
      { samples: [sample({ status: { ...SHUT_STATUS, gate: { open: false } } })] },
      /gave no reason/
    ],
    ['status has no work', { samples: [sample({ status: silentStatus })] }, /done or awaited/],
    ['health is good', { samples: [sample({ healthCode: 200 })] }, /\/health answered 200/],
    ['health has no state', { samples: [sample({ health: { ok: false } })] }, /\/health did not/],
    [
      'health calls itself ok',
      { samples: [sample({ health: { ...HEALTH, ok: true } })] },
      /\/health/
    ],
    [
      'one answer of many is silent',
      { samples: [sample(), sample({ status: {} })] },
      /did not say/
    ],
    [
      'it did not answer before it opened',
      { samples: [sample(OPEN_ANSWER, { askedMs: 2_000, endedMs: 4_100 })] },
      /no answer to status .* asked 2000 ms before/
    ],
    [
      'it did not answer at all',
      { samples: [{ askedMs: 1_100, endedMs: 3_100, answer: undefined }] },
      /no answer to status .* asked 2900 ms before/
    ],
    ['it never opened nor answered', { samples: [], openedMs: undefined }, /no answer to status/],
    ['no recovery was reported', { recovery: undefined }, /no recovery was reported/],
    ['blocks came from nowhere', { recovery: { ...RECOVERY, sources: [] } }, /no named source/],
    [
      'layers came from nowhere',
      { recovery: { ...RECOVERY, sources: [], firstBlock: null, lastBlock: null } },
      /no named source/
    ],
    ['no stage was reported', { recovery: { ...RECOVERY, stages: [] } }, /no stage/]
  ] as const) {
    it(`breaks when ${title}`, () => {
      const result = checkVisible([start(), start(broken)])
      assert.equal(result.ok, false)
      assert.match(result.detail, /invariant 6 broke: start 2/)
      assert.match(result.detail, pattern)
    })
  }
  it('breaks when nobody asked in time at any start', () => {
    const late = start({ samples: [sample(OPEN_ANSWER, { askedMs: 3_100, endedMs: 4_100 })] })
    assert.equal(checkVisible([late, late]).ok, false)
  })
  it('breaks when no start was seen', () => {
    assert.equal(checkVisible([]).ok, false)
  })
})
