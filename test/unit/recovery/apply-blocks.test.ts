// Which linked blocks are applied by diffs, and which are executed.
import assert from 'node:assert/strict'
import { silentLog } from '../../../src/base/log.ts'
import { type Hex } from '../../../src/base/bytes.ts'
import { type Block, type SignedBlock } from '../../../src/chain/blocks/block.ts'
import { applyBlocks, type ApplyBlocksDeps } from '../../../src/recovery/actions/apply-blocks.ts'
import { createProgress } from '../../../src/recovery/actions/progress.ts'
import {
  CATCH_UP_MIN_BLOCKS,
  EXECUTED_NEWEST_BLOCKS
} from '../../../src/recovery/decide/diff-price.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import { signChain, testGenesisBlock } from '../../support/signed-chain.ts'

const LONG = CATCH_UP_MIN_BLOCKS + 400
const blocks: readonly SignedBlock[] = signChain(testGenesisBlock(), LONG)

interface Options {
  readonly isSequencer?: boolean
  readonly isDear?: boolean
  /** Diffs are served from this height on. */
  readonly servedFrom?: number
  /** It does not execute. */
  readonly bad?: number
}

/** Applies so many blocks; which heights were applied in which way, as runs. */
async function run(
  count: number,
  { isSequencer = false, isDear = false, servedFrom = 1, bad = 0 }: Options = {}
) {
  const path = blocks.slice(0, count).map(({ hash }) => hash)
  const byHash = new Map<Hex, Block>(blocks.map((block) => [block.hash, block]))
  const applied: ['diff' | 'executed', number][] = []
  const failures: string[] = []
  const askedFrom: number[] = []
  const deps: ApplyBlocksDeps = {
    chain: { accepted: { namedBlock: (hash: Hex) => byHash.get(hash) } },
    apply: {
      async applyBlock({ number }: Block) {
        if (Number(number) === bad) return { kind: 'refused', reason: 'bad' } as const
        applied.push(['executed', Number(number)])
        return { kind: 'applied' } as const
      }
    },
    diffs: {
      isApplyingDear: () => isDear,
      async applyFetched(wanted: readonly Hex[]) {
        const heights = wanted.map((hash) => Number(byHash.get(hash)?.number))
        askedFrom.push(heights[0] ?? 0)
        if ((heights[0] ?? 0) < servedFrom) return 0
        for (const height of heights) applied.push(['diff', height])
        return heights.length
      }
    },
    knowledge: {
      isSequencer,
      noteGapFailure: ({ reason }: { readonly reason: string }) => void failures.push(reason)
    },
    progress: createProgress({
      clock: createManualClock(),
      log: silentLog,
      onStage: () => Promise.resolve()
    })
  }
  const target = blocks[count - 1]!
  const { signal } = new AbortController()
  const outcome = await applyBlocks(deps, target, path, signal)
  assert.deepEqual(
    applied.map(([, number]) => number),
    Array.from(applied, (_, at) => at + 1),
    'in order, each once'
  )
  const runs = { diff: 0, executed: 0 }
  for (const [way] of applied) runs[way] += 1
  return { outcome, ...runs, askedFrom, failures }
}

describe('applying linked blocks', () => {
  it('a backup executes what is new, however dear that is', async () => {
    for (const count of [1, CATCH_UP_MIN_BLOCKS - 1]) {
      const { outcome, diff, executed, askedFrom } = await run(count, { isDear: true })
      assert.deepEqual([outcome, diff, executed, askedFrom], ['progress', 0, count, []])
    }
  })
  it('a backup that catches up takes diffs, and executes the newest blocks', async () => {
    for (const count of [CATCH_UP_MIN_BLOCKS, LONG]) {
      const { outcome, diff, executed } = await run(count)
      assert.equal(outcome, 'progress')
      assert.equal(executed, EXECUTED_NEWEST_BLOCKS)
      assert.equal(diff, count - EXECUTED_NEWEST_BLOCKS)
    }
  })
  it('a backup executes where nobody keeps the diffs, and asks for those above again', async () => {
    const { outcome, diff, executed, askedFrom } = await run(LONG, { servedFrom: 200 })
    assert.equal(outcome, 'progress')
    assert.deepEqual(askedFrom, [1, 257])
    assert.equal(executed, 256 + EXECUTED_NEWEST_BLOCKS)
    assert.equal(diff, LONG - executed)
  })
  it('a sequencer takes diffs where executing is dear, up to the last block', async () => {
    const dear = await run(3, { isSequencer: true, isDear: true })
    assert.deepEqual([dear.diff, dear.executed], [3, 0])
    const cheap = await run(LONG, { isSequencer: true })
    assert.deepEqual([cheap.diff, cheap.executed, cheap.askedFrom], [0, LONG, []])
  })
  it('ends at a block that does not execute, and says so', async () => {
    const { outcome, executed, failures } = await run(5, { bad: 3 })
    assert.deepEqual([outcome, executed], ['failed', 2])
    assert.match(failures.join(), /block 3 \(0x[0-9a-f]+\) does not execute: bad/)
  })
})
