// Is the suite itself sound? Fake nodes that each break one rule: the cases of that rule fail, and no others.
import assert from 'node:assert/strict'
import { createJobSlots } from '../support/job-slots.ts'
import {
  ALL_CASES,
  ANSWER_CASES,
  CLIENT_CASES,
  GOSSIPING_CASES,
  SERVER_CASES
} from '../../protocols/conformance/all-cases.ts'
import { BROKEN_ACCOUNTS } from './broken/broken-accounts.ts'
import { BROKEN_CLIENTS } from './broken/broken-clients.ts'
import { BROKEN_CODES } from './broken/broken-codes.ts'
import { BROKEN_DIFFS } from './broken/broken-diffs.ts'
import { BROKEN_GOSSIPS } from './broken/broken-gossips.ts'
import { BROKEN_HASHES } from './broken/broken-hashes.ts'
import { BROKEN_PAYLOADS } from './broken/broken-payloads.ts'
import { BROKEN_RANGES } from './broken/broken-ranges.ts'
import { BROKEN_SERVERS } from './broken/broken-servers.ts'
import { BROKEN_STORAGE } from './broken/broken-storage.ts'
import { BROKEN_TRIE_NODES } from './broken/broken-trie-nodes.ts'
import { type FakeFaults } from './broken/fake-node.ts'
import { failuresOf, type FakeRun, linesOf, runAgainst } from './broken/fake-run.ts'
import { ACCOUNT_REQUEST_CASES } from '../../protocols/conformance/cases/account-cases.ts'
import { CODE_REQUEST_CASES } from '../../protocols/conformance/cases/code-cases.ts'
import { DIFF_REQUEST_CASES } from '../../protocols/conformance/cases/diff-cases.ts'
import { HASH_REQUEST_CASES } from '../../protocols/conformance/cases/hash-cases.ts'
import { NODE_REQUEST_CASES } from '../../protocols/conformance/cases/node-cases.ts'
import { PAYLOAD_CASES } from '../../protocols/conformance/cases/payload-cases.ts'
import { RANGE_REQUEST_CASES } from '../../protocols/conformance/cases/range-cases.ts'
import { STORAGE_REQUEST_CASES } from '../../protocols/conformance/cases/storage-cases.ts'
import { type CaseResult } from '../../protocols/conformance/verdict.ts'

/** Beside us in this process, what takes so many turns does not come at all, however slow the turns are. */
const PATIENCE_MS = 1_000
/** By the wall, which a busy machine stretches: it ends what hangs, and decides nothing. */
const TEST_TIMEOUT_MS = 600_000
/** Most of a run is waiting for what a broken node does not do; so many wait side by side. */
const SIDE_BY_SIDE = 8
/** What a sound fake has nothing for: fork times, a head that moves, milliseconds, an empty store; it asks for no diffs, and for no state. */
const NOT_RUN = [
  'ST-7 digest',
  'BM-13 milliseconds',
  'ST-9 again',
  'ST-4 answer',
  'FR-3 state_diffs_by_range',
  'FR-3 account_range',
  'FR-3 storage_ranges',
  'FR-3 byte_codes',
  'FR-3 trie_nodes'
]
const BROKEN_MIN = 10

/**
 * The part that a fault is in, those that wait longest first. Where it is in the answers of one protocol, the cases that
 * look at all answers are run, and of those that ask anew the ones that ask for that protocol: any other would be
 * answered as by a sound fake.
 */
const PARTS = [
  { nodes: BROKEN_CLIENTS, cases: CLIENT_CASES, isDialled: true },
  { nodes: BROKEN_GOSSIPS, cases: GOSSIPING_CASES, isDialled: true },
  { nodes: BROKEN_SERVERS, cases: SERVER_CASES, isDialled: false },
  { nodes: BROKEN_RANGES, cases: [...RANGE_REQUEST_CASES, ...ANSWER_CASES], isDialled: false },
  { nodes: BROKEN_HASHES, cases: [...HASH_REQUEST_CASES, ...ANSWER_CASES], isDialled: false },
  { nodes: BROKEN_DIFFS, cases: [...DIFF_REQUEST_CASES, ...ANSWER_CASES], isDialled: false },
  {
    nodes: BROKEN_ACCOUNTS,
    cases: [...ACCOUNT_REQUEST_CASES, ...ANSWER_CASES],
    isDialled: false
  },
  {
    nodes: BROKEN_STORAGE,
    cases: [...STORAGE_REQUEST_CASES, ...ANSWER_CASES],
    isDialled: false
  },
  { nodes: BROKEN_CODES, cases: [...CODE_REQUEST_CASES, ...ANSWER_CASES], isDialled: false },
  { nodes: BROKEN_TRIE_NODES, cases: [...NODE_REQUEST_CASES, ...ANSWER_CASES], isDialled: false },
  { nodes: BROKEN_PAYLOADS, cases: PAYLOAD_CASES, isDialled: false }
] as const

describe('the conformance suite', function () {
  this.timeout(TEST_TIMEOUT_MS)
  const slots = createJobSlots(SIDE_BY_SIDE)
  let begin: () => void = () => undefined
  const isBegun = new Promise<void>((resolve) => {
    begin = resolve
  })

  before(() => {
    begin()
  })

  function itRuns(
    title: string,
    faults: FakeFaults,
    tried: Omit<FakeRun, 'patienceMs'>,
    check: (results: readonly CaseResult[]) => void
  ): void {
    const running = slots(async () => {
      await isBegun
      return runAgainst(faults, { ...tried, patienceMs: PATIENCE_MS })
    })
    running.catch(() => undefined) // the test below says it
    it(title, async () => {
      check(await running)
    })
  }

  itRuns(
    'passes a fake node that breaks nothing, in both roles',
    {},
    { cases: ALL_CASES, isDialled: true },
    (results) => {
      assert.deepEqual(linesOf(failuresOf(results)), [])
      const notRun = results.filter(({ outcome }) => outcome === 'not run').map(({ id }) => id)
      assert.deepEqual([...notRun].sort(), [...NOT_RUN].sort())
    }
  )

  it('has broken nodes of every part', () => {
    for (const { nodes } of PARTS) assert.ok(nodes.length > 3)
    const rules = new Set(PARTS.flatMap(({ nodes }) => nodes.map(({ rule }) => rule)))
    assert.ok(rules.size >= BROKEN_MIN)
  })

  for (const { nodes, cases, isDialled } of PARTS) {
    for (const { rule, what, faults } of nodes) {
      itRuns(
        `catches a node that breaks ${rule} alone: it ${what}`,
        faults,
        { cases, isDialled },
        (results) => {
          const failed = failuresOf(results)
          assert.notEqual(failed.length, 0, 'nothing failed')
          const others = failed.filter(({ rules }) => !rules.includes(rule))
          assert.deepEqual(linesOf(others), [])
        }
      )
    }
  }
})
