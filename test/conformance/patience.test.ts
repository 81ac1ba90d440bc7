// Is the suite patient? A process that stalls for longer than its patience comes to the same verdicts as one that runs.
import assert from 'node:assert/strict'
import { BROKEN_RANGES } from './broken/broken-ranges.ts'
import { type FakeFaults } from './broken/fake-node.ts'
import { failuresOf, linesOf, runAgainst } from './broken/fake-run.ts'
import {
  RANGE_ANSWER_CASES,
  RANGE_REQUEST_CASES
} from '../../protocols/conformance/cases/range-cases.ts'
import { waitUntil, withPatience } from '../../protocols/conformance/patience.ts'
import { type CaseResult } from '../../protocols/conformance/verdict.ts'

const PATIENCE_MS = 100
const STALL_MS = 2 * PATIENCE_MS
/** An exchange takes more than one turn of the event loop, and each may stall. */
const TURNS = 4
/** The count of the request that the stalling fakes stall at. */
const COUNT_MAX = 1024

/** Keeps the thread, and with it the suite and its fake, from doing anything else. */
function stall(): void {
  const endMs = performance.now() + STALL_MS
  while (performance.now() < endMs);
}

/** Stalls whenever it is asked for all its blocks. */
function stalling({ answers, ...faults }: FakeFaults): FakeFaults {
  return {
    ...faults,
    answers: (sound, chain, state) => {
      const given = { ...sound, ...answers?.(sound, chain, state) }
      const blocks_by_range = (request: Uint8Array) => {
        if (Buffer.from(request).readUInt16LE(8) === COUNT_MAX) stall()
        return given.blocks_by_range(request)
      }
      return { ...given, blocks_by_range }
    }
  }
}

function runStalling(faults: FakeFaults): Promise<readonly CaseResult[]> {
  const run = {
    cases: [...RANGE_REQUEST_CASES, ...RANGE_ANSWER_CASES],
    isDialled: false,
    patienceMs: PATIENCE_MS
  }
  return runAgainst(stalling(faults), run)
}

describe('the patience of the suite', () => {
  it('outlasts stalls: what comes after them counts', async () => {
    let turnsLeft = TURNS
    const turn = () => {
      stall()
      turnsLeft--
      if (turnsLeft > 0) setTimeout(turn)
    }
    setTimeout(turn)
    assert.equal(await waitUntil(() => turnsLeft === 0, PATIENCE_MS), true)
  })

  it('ends where nothing comes', async () => {
    assert.equal(await waitUntil(() => false, PATIENCE_MS), false)
  })

  it('aborts nothing because of a stall', async () => {
    const wasAborted = await withPatience(PATIENCE_MS, async (signal) => {
      stall()
      await new Promise((resolve) => setTimeout(resolve))
      return signal.aborted
    })
    assert.equal(wasAborted, false)
  })

  it('aborts what does not end', async () => {
    const endless = withPatience(PATIENCE_MS, async (signal) => {
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve)
      })
      throw signal.reason
    })
    await assert.rejects(endless, /more than 100 ms/)
  })

  it('finds nothing wrong with a sound node beside which the suite stalls', async () => {
    const results = await runStalling({})
    assert.deepEqual(linesOf(failuresOf(results)), [])
    assert.equal(
      results.every(({ outcome }) => outcome === 'ok'),
      true
    )
  })

  it('finds what is wrong with a broken one, and nothing else', async () => {
    const node = BROKEN_RANGES.find(({ rule }) => rule === 'BR-5')
    assert.ok(node)
    const failed = failuresOf(await runStalling(node.faults))
    assert.deepEqual(
      failed.map(({ id }) => id),
      ['BR-5 order']
    )
  })
})
