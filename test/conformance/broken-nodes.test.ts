// Is the suite itself sound? Fake nodes that each break one rule: the cases of that rule fail, and no others.
import assert from 'node:assert/strict'
import {
  ALL_CASES,
  CLIENT_CASES,
  GOSSIPING_CASES,
  HASH_AND_DIFF_CASES,
  SERVER_CASES
} from './all-cases.ts'
import { BROKEN_CLIENTS } from './broken/broken-clients.ts'
import { BROKEN_DIFFS } from './broken/broken-diffs.ts'
import { BROKEN_GOSSIPS } from './broken/broken-gossips.ts'
import { BROKEN_HASHES } from './broken/broken-hashes.ts'
import { BROKEN_SERVERS } from './broken/broken-servers.ts'
import { FAKE_CHAIN_ID, FAKE_SIGNER } from './broken/fake-chain.ts'
import { type FakeFaults, startFakeNode } from './broken/fake-node.ts'
import { type ConformanceCase } from './conformance-case.ts'
import { NodeListener } from './node-listener.ts'
import { runSuite } from './suite.ts'
import { type CaseResult } from './verdict.ts'

/** On loopback what takes longer than this does not come at all, also where eight nodes share a core. */
const PATIENCE_MS = 2_500
/** Most of a run is waiting for what a broken node does not do; so many wait side by side. */
const SIDE_BY_SIDE = 8
/** What a sound fake has nothing for: fork times, a head that moves, milliseconds. */
const NOT_RUN = ['ST-7 digest', 'BM-13 milliseconds', 'ST-9 again']
const BROKEN_MIN = 10

/** The cases of the part that a fault is in, longest first; the others look at what the fault does not touch. */
const PARTS = [
  { nodes: BROKEN_CLIENTS, cases: CLIENT_CASES, isDialled: true },
  { nodes: BROKEN_GOSSIPS, cases: GOSSIPING_CASES, isDialled: true },
  { nodes: BROKEN_SERVERS, cases: SERVER_CASES, isDialled: false },
  { nodes: BROKEN_HASHES, cases: HASH_AND_DIFF_CASES, isDialled: false },
  { nodes: BROKEN_DIFFS, cases: HASH_AND_DIFF_CASES, isDialled: false }
] as const

/** Runs the suite against a new fake, and leaves nothing behind. */
async function runAgainst(
  faults: FakeFaults,
  cases: readonly ConformanceCase[],
  isDialled: boolean
): Promise<readonly CaseResult[]> {
  const chainId = FAKE_CHAIN_ID
  const listener = isDialled
    ? await NodeListener.open({
        multiaddr: '/ip4/127.0.0.1/tcp/0',
        chainId,
        patienceMs: PATIENCE_MS
      })
    : undefined
  const node = await startFakeNode(faults, listener?.multiaddrs[0])
  try {
    const options = {
      target: node.multiaddr,
      chainId,
      signerKey: FAKE_SIGNER,
      preset: 'op'
    } as const
    return await runSuite({ ...options, patienceMs: PATIENCE_MS }, { listener, cases })
  } finally {
    await node.stop()
    await listener?.stop()
  }
}

/** Begins each when it is its turn; a test waits for its own result. */
class Turns {
  readonly #waiting: (() => Promise<void>)[] = []
  #runningCount = 0

  add<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => work().then(resolve, reject))
    })
  }

  start(): void {
    while (this.#runningCount < SIDE_BY_SIDE) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      this.#runningCount++
      next().then(this.#end, this.#end)
    }
  }

  readonly #end = (): void => {
    this.#runningCount--
    this.start()
  }
}

const linesOf = (results: readonly CaseResult[]) =>
  results.map(({ id, detail }) => `${id}: ${detail}`)
const failuresOf = (results: readonly CaseResult[]) =>
  results.filter(({ outcome }) => outcome === 'failed')

describe('the conformance suite', function () {
  this.timeout(180_000)
  const turns = new Turns()

  before(() => {
    turns.start()
  })

  function itRuns(
    title: string,
    run: () => Promise<readonly CaseResult[]>,
    check: (results: readonly CaseResult[]) => void
  ): void {
    const running = turns.add(run)
    running.catch(() => undefined) // the test below says it
    it(title, async () => {
      check(await running)
    })
  }

  itRuns(
    'passes a fake node that breaks nothing, in both roles',
    () => runAgainst({}, ALL_CASES, true),
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
        () => runAgainst(faults, cases, isDialled),
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
