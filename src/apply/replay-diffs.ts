// Rebuilds lost states of stored blocks from their diffs: merged in one commit, or one by one (src/recovery/README.md, "Decisions").
import { type Hex } from '../base/bytes.ts'
import { createYielder } from '../base/yielder.ts'
import { type Block, type BlockRef } from '../chain/blocks/block.ts'
import { type PreparedLayer } from '../state/layer.ts'
import { onceMended } from '../state/once-mended.ts'
import { MergedDiffs } from '../state/merged-diffs.ts'
import { ApplyError } from './apply-error.ts'
import { type DiffBase, layerOfDiff, mergeDiff, prepareMerged } from './diff-layer.ts'
import { isRefusal, refusedDiff } from './diff-refusal.ts'

/** Diffs merged into one commit, in bytes; a longer stretch takes several commits, each checked by its header. */
export const MERGED_MAX_BYTES = 64 * 2 ** 20
/** States this far below the target stay in memory, as they do when blocks are executed; older ones go to disk. */
export const REVERTIBLE_BLOCKS = 128n

/** Stored blocks and their diffs; the canonical block store satisfies it. */
export interface DiffSource {
  blockByNumber(number: bigint): Block | undefined
  /** Throws ChainError when the entry is damaged. */
  diffByNumber(number: bigint): Uint8Array | undefined
}

/** States and where computed ones go; the state store satisfies it. */
export interface DiffTarget extends DiffBase {
  add(layer: PreparedLayer, block: BlockRef): void
  cap(headHash: Hex): void
  /** Settles when there is memory for the next state. */
  room(): Promise<void>
  flushAll(headHash: Hex): Promise<void>
}

/** What replaying diffs needs. */
export interface ReplayDeps {
  readonly chain: DiffSource
  readonly layers: DiffTarget
}

/** The stretch to rebuild: from a readable state, exclusive, to a stored block, inclusive. */
export interface ReplayRange {
  readonly from: BlockRef
  readonly to: bigint
  readonly mergedMaxBytes?: number
  /** Hears how many blocks' states are there, after each commit. */
  readonly onReplayed?: (count: number) => void
  readonly signal: AbortSignal
}

/**
 * Brings the state of `to` back from the stored diffs. Where a commit does not give its header's root, its diffs
 * are replayed one by one, and the bad one is named. Throws ApplyError `diff-missing`, `diff-refused`,
 * `block-missing`, `state-not-readable`; the states below that block are readable then.
 */
export async function replayDiffs(deps: ReplayDeps, range: ReplayRange): Promise<void> {
  const { layers } = deps
  const { to, onReplayed, signal } = range
  let at = range.from
  while (at.number < to) {
    signal.throwIfAborted()
    const from = at
    const merged = await onceMended(layers, from.hash, () => mergeStretch(deps, from, range))
    const last = merged ?? (await replayEach(deps, from, range))
    onReplayed?.(Number(last.number - at.number))
    at = last
    // What normal operation would have put on disk goes there now: memory stays bounded, and a crash costs one stretch.
    if (to - at.number > REVERTIBLE_BLOCKS) await layers.flushAll(at.hash)
    else layers.cap(at.hash)
    await layers.room()
  }
}

/** One diff on its parent's state, as a peer's is checked. Throws ApplyError. */
export async function replayDiff(
  { chain, layers }: ReplayDeps,
  number: bigint,
  bytes: Uint8Array
): Promise<void> {
  const block = requireBlock(chain, number)
  const parent = requireBlock(chain, number - 1n)
  const { layer } = await layerOfDiff(layers, parent, { block, bytes })
  layers.add(layer, { number, hash: block.hash })
  layers.cap(block.hash)
  await layers.room()
}

/** As many diffs as fit into one commit. Undefined when one of them, or what they give, is not right. */
async function mergeStretch(
  { chain, layers }: ReplayDeps,
  from: BlockRef,
  { to, signal, mergedMaxBytes = MERGED_MAX_BYTES }: ReplayRange
): Promise<BlockRef | undefined> {
  const before = layers.view(from.hash)
  if (before === undefined) {
    throw new ApplyError({ code: 'state-not-readable', number: from.number + 1n })
  }
  const yielder = createYielder()
  const merged = new MergedDiffs(before)
  let last = requireBlock(chain, from.number)
  let sizeBytes = 0
  try {
    while (last.number < to) {
      signal.throwIfAborted()
      const bytes = chain.diffByNumber(last.number + 1n)
      if (bytes === undefined) return undefined
      sizeBytes += bytes.length
      if (sizeBytes > mergedMaxBytes && last.number > from.number) break
      const block = requireBlock(chain, last.number + 1n)
      mergeDiff(merged, { block, bytes }, last)
      last = block
      await yielder.maybeYield()
    }
    const { number, hash } = last
    layers.add(await prepareMerged(layers, merged, from.hash, last), { number, hash })
    return last
  } catch (thrown) {
    if (isRefusal(thrown)) return undefined
    throw thrown
  }
}

/** Until the first that is refused or missing, which is thrown; or one stretch of them. */
async function replayEach(
  deps: ReplayDeps,
  from: BlockRef,
  { to, signal }: ReplayRange
): Promise<BlockRef> {
  for (let number = from.number + 1n; number <= to; number++) {
    signal.throwIfAborted()
    await replayDiff(deps, number, readStored(deps.chain, number))
  }
  return requireBlock(deps.chain, to)
}

function readStored(chain: DiffSource, number: bigint): Uint8Array {
  try {
    const bytes = chain.diffByNumber(number)
    if (bytes !== undefined) return bytes
  } catch (thrown) {
    throw refusedDiff(number, thrown)
  }
  throw new ApplyError({ code: 'diff-missing', number })
}

function requireBlock(chain: DiffSource, number: bigint): Block {
  const block = chain.blockByNumber(number)
  if (block === undefined) throw new ApplyError({ code: 'block-missing', number })
  return block
}
