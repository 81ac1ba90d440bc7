// Consecutive blocks by their diffs: the roots of each are computed and checked, and all together are one layer.
import { equalBytes, type Hex } from '../base/bytes.ts'
import { createYielder } from '../base/yielder.ts'
import { type Block } from '../chain/blocks/block.ts'
import { MESSAGE_PASSER_HASH } from '../chain/blocks/header.ts'
import { checkLink, type LinkRules } from '../chain/blocks/link.ts'
import { decodeReceipt, type Receipt } from '../chain/blocks/receipt.ts'
import { DiffError } from '../state/diff-error.ts'
import { type LayerSeries } from '../state/layer-series.ts'
import { type PreparedLayer } from '../state/layer.ts'
import { MergedDiffs } from '../state/merged-diffs.ts'
import { StateError } from '../state/state-error.ts'
import { ApplyError } from './apply-error.ts'
import { type DiffStep, mergeDiff } from './diff-layer.ts'
import { isRefusal } from './diff-refusal.ts'

/** Where such a layer begins; the state store satisfies it. */
export interface SeriesBase {
  /** Throws StateError where the parent's state cannot be read. */
  beginSeries(parentHash: Hex): LayerSeries
}

/** Blocks whose diffs gave what their headers say. */
export interface CheckedBatch {
  readonly steps: readonly DiffStep[]
  /** Of each of them. */
  readonly receipts: readonly (readonly Receipt[])[]
  /** The state after the last. */
  readonly layer: PreparedLayer
}

/** What checking needs. */
export interface DiffBatchDeps {
  readonly layers: SeriesBase
  readonly rules: LinkRules
}

/**
 * The first of the steps, as many as are right: each block is held against its parent and its diff against its header,
 * with every root (SD-15 to SD-18), before the next is looked at. Undefined when not even the first is: `layerOfDiff` says
 * what is wrong with it, and whose fault that is.
 */
export async function checkBatch(
  deps: DiffBatchDeps,
  head: Block,
  steps: readonly DiffStep[]
): Promise<CheckedBatch | undefined> {
  const series = await runSeries(deps, head, steps)
  if (series.receipts.length === steps.length) return finish(series, steps)
  // A series is of no use after a step that failed: those before it once more.
  const good = steps.slice(0, series.receipts.length)
  if (good.length === 0) return undefined
  const again = await runSeries(deps, head, good)
  return again.receipts.length === good.length ? finish(again, good) : undefined
}

/** What one run of the steps came to; fewer receipts than steps where one of them failed. */
interface SeriesRun {
  readonly series: LayerSeries | undefined
  readonly receipts: (readonly Receipt[])[]
}

async function finish(
  { series, receipts }: SeriesRun,
  steps: readonly DiffStep[]
): Promise<CheckedBatch | undefined> {
  return series && { steps, receipts, layer: await series.finish() }
}

async function runSeries(
  { layers, rules }: DiffBatchDeps,
  head: Block,
  steps: readonly DiffStep[]
): Promise<SeriesRun> {
  const receipts: (readonly Receipt[])[] = []
  const yielder = createYielder()
  let series: LayerSeries | undefined
  let parent = head
  try {
    series = layers.beginSeries(head.hash)
    for (const step of steps) {
      if (checkLink(parent, step.block, rules) !== undefined) break
      receipts.push(await checkStep(series, parent, step))
      parent = step.block
      await yielder.maybeYield()
    }
  } catch (thrown) {
    const isOfStep =
      isRefusal(thrown) || thrown instanceof StateError || thrown instanceof ApplyError
    if (!isOfStep) throw thrown
  }
  return { series, receipts }
}

/** The block's receipts. Throws what shows that its diff is not what it changed, or that our own state is not whole. */
async function checkStep(
  series: LayerSeries,
  parent: Block,
  step: DiffStep
): Promise<readonly Receipt[]> {
  const { number, stateRoot, header } = step.block
  const merged = new MergedDiffs(series)
  const { receipts } = mergeDiff(merged, step, parent)
  const state = await series.add(merged.changes())
  merged.assertStorageRoots(state)
  if (state.root !== stateRoot) {
    const roots = { expected: stateRoot, computed: state.root }
    throw new DiffError({ code: 'state-root-wrong', number, ...roots })
  }
  const { withdrawalsRoot } = header
  const passerRoot = state.storageRoot(MESSAGE_PASSER_HASH)
  if (withdrawalsRoot === undefined || !equalBytes(withdrawalsRoot, passerRoot)) {
    throw new ApplyError({ code: 'block-invalid', number, reason: 'withdrawals-root-wrong' })
  }
  return receipts.map((encoded) => decodeReceipt(encoded))
}
