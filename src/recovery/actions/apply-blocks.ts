// Linked blocks become the chain: by peers' diffs where that is right, else by executing them.
import { type Hex } from '../../base/bytes.ts'
import { type BlockRef } from '../../chain/blocks/block.ts'
import { isSigned } from '../../chain/blocks/block-content.ts'
import { catchUpBlocks } from '../decide/diff-price.ts'
import { formatRef } from '../decide/findings.ts'
import { type ActionDeps, type ActionOutcome } from './action-deps.ts'
import { type OnDiffs } from './ports.ts'
import { type StageCounter } from './progress.ts'

/** Blocks that are executed where nobody serves the next diff, before somebody is asked again: diffs are kept for the newest blocks alone. */
const EXECUTED_BETWEEN_BLOCKS = 256

/** The least of what actions work with. */
export interface ApplyBlocksDeps {
  readonly chain: { readonly accepted: Pick<ActionDeps['chain']['accepted'], 'namedBlock'> }
  readonly apply: Pick<ActionDeps['apply'], 'applyBlock'>
  readonly diffs: Pick<ActionDeps['diffs'], 'applyFetched' | 'isApplyingDear'>
  readonly knowledge: Pick<ActionDeps['knowledge'], 'isSequencer' | 'noteGapFailure'>
  readonly progress: Pick<ActionDeps['progress'], 'source' | 'stage'>
}

/** Blocks above the head, ascending. What cannot be applied is left in the knowledge as a failure of the target's gap. */
export async function applyBlocks(
  deps: ApplyBlocksDeps,
  target: BlockRef,
  path: readonly Hex[],
  signal: AbortSignal
): Promise<ActionOutcome> {
  const { diffs, progress } = deps
  return progress.stage('apply-blocks', async (counter) => {
    counter.expect(path.length)
    const execute = (from: number, to: number) =>
      executeBlocks(deps, { target, path: path.slice(from, to), counter }, signal)
    const note: OnDiffs = (items, from) => {
      counter.add({ items, ...from })
    }
    const byDiffs = countByDiffs(deps, path)
    let done = 0
    while (done < byDiffs) {
      const appliedCount = await diffs.applyFetched(path.slice(done, byDiffs), note, signal)
      if (appliedCount > 0) progress.source('diffs')
      done += appliedCount
      const next = Math.min(byDiffs, done + EXECUTED_BETWEEN_BLOCKS)
      if ((await execute(done, next)) === 'failed') return 'failed'
      done = next
    }
    return execute(done, path.length)
  })
}

/**
 * How many of the blocks are to come by diffs, from the lowest on. A sequencer takes them where that is quicker: it signed
 * these blocks. A backup takes them to catch up, and executes what is new.
 */
function countByDiffs(
  { diffs, knowledge }: Pick<ApplyBlocksDeps, 'diffs' | 'knowledge'>,
  path: readonly Hex[]
): number {
  if (knowledge.isSequencer) return diffs.isApplyingDear(path) ? path.length : 0
  return catchUpBlocks(path.length)
}

async function executeBlocks(
  { chain, apply, knowledge }: ApplyBlocksDeps,
  {
    target,
    path,
    counter
  }: {
    readonly target: BlockRef
    readonly path: readonly Hex[]
    readonly counter: StageCounter
  },
  signal: AbortSignal
): Promise<ActionOutcome> {
  for (const hash of path) {
    signal.throwIfAborted()
    const block = chain.accepted.namedBlock(hash)
    if (block === undefined) throw new Error(`block ${hash} is gone`)
    const result = await apply.applyBlock(block)
    if (result.kind === 'refused') {
      const { number } = block
      const reason = `block ${formatRef(block)} does not execute: ${result.reason}`
      knowledge.noteGapFailure({ target, firstMissing: number, lastMissing: number, reason })
      return 'failed'
    }
    counter.add({ items: 1, bytes: isSigned(block) ? block.message.length : 0 })
  }
  return 'progress'
}
