// Which fault each failure is, what becomes of the peer, and what is kept of it in the chain database.
import assert from 'node:assert/strict'
import { FramingError, type FramingFailure } from '../../../protocols/framing/framing-error.ts'
import { silentLog } from '../../../src/base/log.ts'
import { gossipFault } from '../../../src/gossip/refusal-reason.ts'
import { openBlame } from '../../../src/node/open-blame.ts'
import { createBlaming } from '../../../src/peer/blaming.ts'
import { requestFault } from '../../../src/reqresp/request-fault.ts'
import { RequestError, type RequestFailure } from '../../../src/reqresp/request-error.ts'
import {
  type FalseAnswer,
  falseAnswerFault,
  nameBenched
} from '../../../src/sync/fetching/answer-fault.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import { createManualClock } from '../../support/manual-clock.ts'

const peer = 'a'
const malformed = { code: 'response-malformed', peer, reason: '' } as const

describe('the fault of a failed request', () => {
  const rows: readonly (readonly [RequestFailure, string])[] = [
    [malformed, 'undecodable-chunk'],
    [{ code: 'request-deadline-passed', peer, phase: 'dial', afterMs: 1 }, 'no-fault'],
    [{ code: 'request-deadline-passed', peer, phase: 'first-byte', afterMs: 1 }, 'stall'],
    [{ code: 'request-deadline-passed', peer, phase: 'chunk', afterMs: 1 }, 'stall'],
    [{ code: 'request-deadline-passed', peer, phase: 'whole', afterMs: 1 }, 'trickle'],
    [{ code: 'stream-reset', peer, reason: '' }, 'reset'],
    [{ code: 'unavailable', peer, reason: '' }, 'unavailable'],
    [{ code: 'rate-limited', peer, retryAfterMs: 1 }, 'rate-limited'],
    [{ code: 'unsupported-protocol', peer, protocol: '' }, 'unsupported-protocol'],
    [{ code: 'not-connected', peer, reason: '' }, 'no-fault'],
    [{ code: 'invalid-request', peer, reason: '' }, 'no-fault'],
    [{ code: 'server-error', peer, reason: '' }, 'no-fault']
  ]
  for (const [failure, fault] of rows) {
    it(`${failure.code} ${'phase' in failure ? failure.phase : ''} is ${fault}`, () => {
      assert.equal(requestFault(new RequestError(failure)), fault)
    })
  }

  const framing: readonly (readonly [FramingFailure, string])[] = [
    [{ code: 'too-many-chunks', chunksMax: 1 }, 'over-limit'],
    [{ code: 'chunk-too-large', sizeBytes: 2, maxBytes: 1 }, 'over-limit'],
    [{ code: 'decompressed-too-large', sizeBytes: 2, maxBytes: 1 }, 'over-limit'],
    [{ code: 'reason-too-long', sizeBytes: 2, maxBytes: 1 }, 'over-limit'],
    [{ code: 'stream-truncated', missingBytes: 1 }, 'reset'],
    [{ code: 'snappy-invalid' }, 'undecodable-chunk'],
    [{ code: 'result-unknown', result: 9 }, 'undecodable-chunk']
  ]
  for (const [failure, fault] of framing) {
    it(`a response with ${failure.code} is ${fault}`, () => {
      const cause = new FramingError(failure)
      assert.equal(requestFault(new RequestError(malformed, { cause })), fault)
    })
  }
})

describe('the fault of a false answer', () => {
  const rows: readonly (readonly [FalseAnswer, string])[] = [
    [{ code: 'block-false', peer, reason: '' }, 'false-block'],
    [{ code: 'block-unusable', peer, reason: '' }, 'signers-doing'],
    [{ code: 'answer-empty', peer }, 'reset'],
    [{ code: 'block-unrequested', peer, number: 1n }, 'unrequested-item'],
    [{ code: 'answer-too-large', peer, maxBytes: 1 }, 'over-limit'],
    [{ code: 'relation-false', peer, relation: 'ahead' }, 'false-claim'],
    [{ code: 'state-false', peer, protocol: 'account_range', reason: '' }, 'false-state'],
    [{ code: 'state-unrequested', peer, protocol: 'byte_codes', reason: '' }, 'unrequested-item'],
    [{ code: 'state-answer-empty', peer, protocol: 'trie_nodes', reason: '' }, 'reset']
  ]
  for (const [failure, fault] of rows) {
    it(`${failure.code} is ${fault}`, () => {
      assert.equal(falseAnswerFault(failure), fault)
    })
  }
})

describe('the fault of a rejected gossip message', () => {
  for (const [reason, fault] of [
    ['snappy-invalid', 'false-block'],
    ['signature-unrecoverable', 'false-block'],
    ['signer-not-scheduled', 'false-block'],
    ['message-malformed', 'false-block'],
    ['repeated-too-often', 'over-limit'],
    ['block-hash-false', 'signers-doing'],
    ['withdrawals-not-empty', 'signers-doing'],
    ['block-number-too-large', 'signers-doing']
  ] as const) {
    it(`${reason} is ${fault}`, () => {
      assert.equal(gossipFault(reason), fault)
    })
  }
})

describe('a gap that nobody serves', () => {
  const unserved = {
    kind: 'unserved',
    firstMissing: 1n,
    lastMissing: 2n,
    reason: 'nobody'
  } as const

  it('says which peers were not asked, being benched', () => {
    const named = nameBenched(unserved, ['a', 'b'])
    assert.match(
      'reason' in named ? named.reason : '',
      /^nobody; not asked, since benched .*: a, b$/
    )
  })
  it('says what it said where nobody is benched', () => {
    assert.deepEqual(nameBenched(unserved, []), unserved)
    assert.deepEqual(nameBenched({ kind: 'linked', path: [] }, ['a']), { kind: 'linked', path: [] })
  })
})

describe('a blamed peer', () => {
  function start(chainStore = createMemoryStore(), ours = new Set(['ours'])) {
    const clock = createManualClock()
    const blame = openBlame({ chainStore }, { clock, log: silentLog }, (id) => ours.has(id))
    const disconnected: string[] = []
    const network = { disconnect: async (gone: string) => void disconnected.push(gone) }
    const note = createBlaming({ log: silentLog, blame, network })
    return { blame, note, disconnected, chainStore, ours }
  }

  it('is disconnected when it is banned, and still banned after a restart', async () => {
    const { blame, note, disconnected, chainStore } = start()
    for (let times = 0; times < 3; times++) {
      assert.deepEqual(disconnected, [])
      note('a', 'false-block')
    }
    assert.deepEqual(disconnected, ['a'])
    await blame.saved()
    assert.ok(start(chainStore).blame.isBanned('a'))
  })
  it('stays connected when it is configured', () => {
    const { blame, note, disconnected } = start()
    for (let times = 0; times < 5; times++) note('ours', 'false-block')
    assert.ok(blame.isBenched('ours'))
    assert.deepEqual(disconnected, [])
  })
  it('stays connected when an operator has added it as a backup, and is let in again by that', () => {
    const { blame, note, disconnected, ours } = start()
    ours.add('added')
    for (let times = 0; times < 3; times++) note('added', 'false-block')
    assert.ok(blame.isBenched('added'))
    assert.deepEqual(disconnected, [])
    for (let times = 0; times < 3; times++) note('late', 'false-block')
    assert.ok(blame.isBanned('late'))
    ours.add('late')
    assert.ok(blame.isBenched('late') && !blame.isBanned('late'))
  })
  it('is forgotten when what was kept cannot be read', async () => {
    const { blame, note, chainStore } = start()
    for (let times = 0; times < 3; times++) note('a', 'false-block')
    await blame.saved()
    for await (const [key] of chainStore.iterate({
      start: Uint8Array.of(0),
      end: Uint8Array.of(255)
    })) {
      await chainStore.batch([{ type: 'put', key, value: Uint8Array.of(1) }], { sync: true })
    }
    assert.ok(!start(chainStore).blame.isBanned('a'))
  })
})
