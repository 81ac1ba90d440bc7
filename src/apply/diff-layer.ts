// The layer that state diffs give on a state, checked against the headers; and whether the diff or our own state is at fault when it differs.
import { type StateDiff } from '../../protocols/state-diffs-by-range/state-diff.ts'
import { decodeStateDiff } from '../../protocols/state-diffs-by-range/state-diff-codec.ts'
import { type Hex } from '../base/bytes.ts'
import { type Block } from '../chain/blocks/block.ts'
import { decodeReceipt, type Receipt } from '../chain/blocks/receipt.ts'
import { type EntriesCheck } from '../state/check-entries.ts'
import { DiffError, type DiffFailure } from '../state/diff-error.ts'
import { type PreparedLayer } from '../state/layer.ts'
import { accountKey, type EntryKey } from '../state/entry-key.ts'
import { MergedDiffs } from '../state/merged-diffs.ts'
import { type MendableState, onceMended } from '../state/once-mended.ts'
import { StateError } from '../state/state-error.ts'
import { type StateChanges, type StateView } from '../state/state-view.ts'
import { ApplyError } from './apply-error.ts'
import { assertDiffOfBlock } from './check-diff.ts'
import { refusedDiff } from './diff-refusal.ts'

/** The states that diffs are put on; the state store satisfies it. */
export interface DiffBase extends MendableState {
  view(hash: Hex): Pick<StateView, 'account' | 'root'> | undefined
  /** Whether flat accounts are what the block's trie holds; those on disk are mended. */
  checkEntries(hash: Hex, keys: Iterable<EntryKey>): Promise<EntriesCheck>
  prepare(parentHash: Hex, changes: StateChanges): Promise<PreparedLayer>
}

/** A block and its diff. */
export interface DiffStep {
  readonly block: Block
  readonly bytes: Uint8Array
}

/** What a diff gives on its parent's state. */
export interface DiffResult {
  readonly layer: PreparedLayer
  readonly receipts: readonly Receipt[]
}

/** Failures of a diff that a wrong state before it gives as well; the nodes of the tries prove themselves. */
const STATE_CODES: readonly DiffFailure['code'][] = [
  'new-code-missing',
  'storage-root-wrong',
  'state-root-wrong'
]
/** Once as it is, and once more on what was mended of our own state. */
const TRIES_MAX = 2

/**
 * What a block's diff gives on its parent's state, checked against the header. A diff that gives something else is
 * refused only once what it touches of our own state was held against the parent's root: what was wrong there is
 * mended, and the diff tried once more. Throws ApplyError `diff-refused`, `diff-of-another-block`, `state-damaged`,
 * `state-not-readable`; StateError.
 */
export async function layerOfDiff(
  layers: DiffBase,
  parent: Block,
  step: DiffStep
): Promise<DiffResult> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    try {
      return await onceMended(layers, parent.hash, () => tryDiff(layers, parent, step))
    } catch (thrown) {
      const isMended = await onceMended(layers, parent.hash, () =>
        isOwnFaultMended(layers, parent, step, thrown)
      )
      if (!isMended) throw refusedDiff(step.block.number, thrown)
    }
  }
  throw damaged(step, 'flat accounts', 'they are not what the trie holds, mended or not')
}

/** Holds the next diff against its block and that one's parent, and merges it. Throws DiffError, StateDiffError, ChainError. */
export function mergeDiff(
  merged: MergedDiffs,
  { block, bytes }: DiffStep,
  parent: Block
): StateDiff {
  const diff = decodeStateDiff(bytes)
  assertDiffOfBlock(diff, block, parent)
  merged.add(diff)
  return diff
}

/** One layer of all that was merged: the state of its last block. Throws DiffError when its root is another. */
export async function prepareMerged(
  layers: Pick<DiffBase, 'prepare'>,
  merged: MergedDiffs,
  parentHash: Hex,
  { number, stateRoot }: Block
): Promise<PreparedLayer> {
  const layer = await layers.prepare(parentHash, merged.changes())
  merged.assertStorageRoots(layer)
  if (layer.root === stateRoot) return layer
  const roots = { expected: stateRoot, computed: layer.root }
  throw new DiffError({ code: 'state-root-wrong', number, ...roots })
}

async function tryDiff(layers: DiffBase, parent: Block, step: DiffStep): Promise<DiffResult> {
  const { number } = step.block
  const before = layers.view(parent.hash)
  if (before === undefined) throw new ApplyError({ code: 'state-not-readable', number })
  const merged = new MergedDiffs(before)
  const { receipts } = mergeDiff(merged, step, parent)
  const layer = await prepareMerged(layers, merged, parent.hash, step.block)
  return { layer, receipts: receipts.map((encoded) => decodeReceipt(encoded)) }
}

/** False for what the diff alone is to blame for: the state before it is what the parent's header says. */
async function isOwnFaultMended(
  layers: DiffBase,
  parent: Block,
  step: DiffStep,
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
  const check = await layers.checkEntries(
    parent.hash,
    accounts.map(({ addressHash }) => accountKey(addressHash))
  )
  if (check.kind === 'damaged') throw damaged(step, check.place, check.problem)
  return check.kind === 'mended'
}

function damaged({ block: { number } }: DiffStep, place: string, problem: string): ApplyError {
  return new ApplyError({ code: 'state-damaged', number, place, problem })
}
