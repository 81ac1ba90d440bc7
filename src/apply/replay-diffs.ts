// Rebuilds lost states of stored blocks from their diffs: merged in one commit, or one by one (recovery.md, rows 9, 10).
import { type StateDiff } from '../../protocols/state-diffs-by-range/state-diff.ts'
import { decodeStateDiff } from '../../protocols/state-diffs-by-range/state-diff-codec.ts'
import { StateDiffError } from '../../protocols/state-diffs-by-range/state-diff-error.ts'
import { type Hex } from '../base/bytes.ts'
import { errorMessage } from '../base/node-error.ts'
import { createYielder } from '../base/yielder.ts'
import { type Block, type BlockRef } from '../chain/block.ts'
import { ChainError } from '../chain/chain-error.ts'
import { decodeReceipt, type Receipt } from '../chain/receipt.ts'
import { type AccountsCheck } from '../state/check-accounts.ts'
import { DiffError, type DiffFailure } from '../state/diff-error.ts'
import { type PreparedLayer } from '../state/layer.ts'
import { MergedDiffs } from '../state/merged-diffs.ts'
import { StateError } from '../state/state-error.ts'
import { type StateChanges, type StateView } from '../state/state-view.ts'
import { ApplyError } from './apply-error.ts'
import { assertDiffOfBlock } from './check-diff.ts'

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
export interface DiffTarget {
  view(hash: Hex): Pick<StateView, 'account' | 'root'> | undefined
  /** Whether flat accounts are what the block's trie holds; those on disk are mended. */
  checkAccounts(hash: Hex, addressHashes: Iterable<Uint8Array>): Promise<AccountsCheck>
  prepare(parentHash: Hex, changes: StateChanges): Promise<PreparedLayer>
  add(layer: PreparedLayer, block: BlockRef): void
  cap(headHash: Hex): void
  /** Settles when there is memory for the next state. */
  room(): Promise<void>
  flushAll(headHash: Hex): Promise<void>
}

/** What replaying diffs stands on. */
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

/** Failures of a diff that a wrong state before it gives as well; the nodes of the tries prove themselves. */
const STATE_CODES: readonly DiffFailure['code'][] = [
  'new-code-missing',
  'storage-root-wrong',
  'state-root-wrong'
]

/** A block and its diff. */
interface Step {
  readonly block: Block
  readonly bytes: Uint8Array
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
    const last = (await mergeStretch(deps, at, range)) ?? (await replayEach(deps, at, range))
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

/** What a diff gives on its parent's state. */
export interface DiffResult {
  readonly layer: PreparedLayer
  readonly receipts: readonly Receipt[]
}

/**
 * What a block's diff gives on its parent's state, checked against the header. A diff that gives something else is
 * refused only once what it touches of our own state was held against the parent's root: what was wrong there is
 * mended, and the diff tried once more. Throws ApplyError `diff-refused`, `state-damaged`, `state-not-readable`;
 * StateError.
 */
export async function layerOfDiff(
  layers: DiffTarget,
  parent: Block,
  step: Step
): Promise<DiffResult> {
  try {
    return await tryDiff(layers, parent, step)
  } catch (thrown) {
    if (!(await isOwnFaultMended(layers, parent, step, thrown)))
      throw refusedDiff(step.block.number, thrown)
  }
  try {
    return await tryDiff(layers, parent, step)
  } catch (thrown) {
    if (!(await isOwnFaultMended(layers, parent, step, thrown)))
      throw refusedDiff(step.block.number, thrown)
    throw damaged(step, 'flat accounts', 'they are not what the trie holds, mended or not')
  }
}

async function tryDiff(layers: DiffTarget, parent: Block, step: Step): Promise<DiffResult> {
  const { number } = step.block
  const before = layers.view(parent.hash)
  if (before === undefined) throw new ApplyError({ code: 'state-not-readable', number })
  const merged = new MergedDiffs(before)
  const { receipts } = addDiff(merged, step, parent)
  const layer = await prepare(layers, merged, parent.hash, step.block)
  return { layer, receipts: receipts.map((encoded) => decodeReceipt(encoded)) }
}

/** False for what the diff alone is to blame for: the state before it is what the parent's header says. */
async function isOwnFaultMended(
  layers: DiffTarget,
  parent: Block,
  step: Step,
  thrown: unknown
): Promise<boolean> {
  const isOfState =
    thrown instanceof StateError ||
    (thrown instanceof DiffError && STATE_CODES.includes(thrown.failure.code))
  if (!isOfState) return false
  const view = layers.view(parent.hash)
  if (view === undefined) return false // it left memory meanwhile, which says nothing of either
  if (view.root !== parent.stateRoot) {
    throw damaged(step, 'root', `it is ${view.root}, and ${parent.stateRoot} by the header`)
  }
  const { accounts } = decodeStateDiff(step.bytes)
  const check = await layers.checkAccounts(
    parent.hash,
    accounts.map(({ addressHash }) => addressHash)
  )
  if (check.kind === 'damaged') throw damaged(step, check.place, check.problem)
  return check.kind === 'mended'
}

function damaged({ block: { number } }: Step, place: string, problem: string): ApplyError {
  return new ApplyError({ code: 'state-damaged', number, place, problem })
}

/**
 * ApplyError `diff-refused` for what a diff can be to blame for, and `diff-of-another-block` for one that names
 * another block: on another branch it is true. What was thrown for anything else.
 */
export function refusedDiff(number: bigint, thrown: unknown): unknown {
  if (!isRefusal(thrown)) return thrown
  const code = isOfAnotherBlock(thrown) ? 'diff-of-another-block' : 'diff-refused'
  return new ApplyError({ code, number, reason: errorMessage(thrown) }, { cause: thrown })
}

function isOfAnotherBlock(thrown: unknown): boolean {
  if (!(thrown instanceof DiffError)) return false
  const { failure } = thrown
  return failure.code === 'header-differs' && failure.field === 'blockHash'
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
      addDiff(merged, { block, bytes }, last)
      last = block
      await yielder.maybeYield()
    }
    const { number, hash } = last
    layers.add(await prepare(layers, merged, from.hash, last), { number, hash })
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

function addDiff(merged: MergedDiffs, { block, bytes }: Step, parent: Block): StateDiff {
  const diff = decodeStateDiff(bytes)
  assertDiffOfBlock(diff, block, parent)
  merged.add(diff)
  return diff
}

/** One layer for the whole stretch: the state of its last block. Throws DiffError when its root is another. */
async function prepare(
  layers: DiffTarget,
  merged: MergedDiffs,
  parentHash: Hex,
  { number, stateRoot }: Block
): Promise<PreparedLayer> {
  const layer = await layers.prepare(parentHash, merged.changes())
  merged.assertStorageRoots(layer)
  if (layer.root !== stateRoot) {
    throw new DiffError({
      code: 'state-root-wrong',
      number,
      expected: stateRoot,
      computed: layer.root
    })
  }
  return layer
}

/** What a diff can be to blame for; anything else is ours. */
function isRefusal(thrown: unknown): boolean {
  return (
    thrown instanceof DiffError || thrown instanceof StateDiffError || thrown instanceof ChainError
  )
}

function requireBlock(chain: DiffSource, number: bigint): Block {
  const block = chain.blockByNumber(number)
  if (block === undefined) throw new ApplyError({ code: 'block-missing', number })
  return block
}
