// What recovery does to the node: applying, rebuilding states, walking to a target. `node/` satisfies each.
import { type Hex } from '../../base/bytes.ts'
import { type Block, type BlockRef } from '../../chain/blocks/block.ts'
import { type GapOutcome } from '../../sync/fetching/fill-gap.ts'
import { type DiffsAtHand, type StatesAtHand, type StateStretch } from '../knowledge/ports.ts'
import { type DetailedCounter } from './progress.ts'

/** How applying one block ended. */
export type ApplyResult =
  { readonly kind: 'applied' } | { readonly kind: 'refused'; readonly reason: string }

/** Applying blocks and rebuilding their state; nothing else writes either. */
export interface RecoveryApply {
  /** Executes a block that is signed, or named by a signed descendant, on the head; persists it and moves the head. */
  applyBlock(block: Block): Promise<ApplyResult>
  /** Executes a stored canonical block again for its state alone. */
  replayBlock(number: bigint): Promise<ApplyResult>
  /** Makes the disk layer's block the head of a chain that has genesis alone. */
  jump(block: Block): Promise<ApplyResult>
  /** Makes accepted blocks the chain up to the disk layer's, which ends the path, without executing them. */
  linkBlocks(
    path: readonly Hex[],
    onLinked: (count: number) => void,
    signal: AbortSignal
  ): Promise<ApplyResult>
}

/** How rebuilding states by diffs ended; those below a bad or missing diff are readable then. */
export type DiffsResult =
  { readonly kind: 'rebuilt' } | { readonly kind: 'failed'; readonly reason: string }

/** Hears what a peer's diffs brought. */
export type OnDiffs = (
  count: number,
  from: { readonly peer: string; readonly bytes: number }
) => void

/** State diffs of stored blocks, our own and the peers', and of blocks that are linked and not executed yet. */
export interface RecoveryDiffs extends DiffsAtHand {
  /** Merges our stored diffs; `onReplayed` hears of each commit. */
  replayStored(
    stretch: StateStretch,
    onReplayed: (count: number) => void,
    signal: AbortSignal
  ): Promise<DiffsResult>
  /** True when executing linked blocks takes longer than asking a peer for their diffs. */
  isApplyingDear(path: readonly Hex[]): boolean
  /**
   * Makes linked blocks above the head the chain by peers' diffs, in order, each checked against its header.
   * Resolves with how many; the others, for whatever reason, are to be executed.
   */
  applyFetched(path: readonly Hex[], onApplied: OnDiffs, signal: AbortSignal): Promise<number>
  /** Fetches the receipts of linked blocks that are not to be executed, each checked against its header and kept. */
  fetchReceipts(path: readonly Hex[], onTaken: OnDiffs, signal: AbortSignal): Promise<DiffsResult>
  /** Fetches diffs from peers, each checked against its header and kept. */
  replayFetched(
    stretch: StateStretch,
    onReplayed: OnDiffs,
    signal: AbortSignal
  ): Promise<DiffsResult>
}

/** How fetching a state ended. */
export type StateFetchResult =
  | { readonly kind: 'fetched'; readonly pivot: BlockRef }
  | { readonly kind: 'failed'; readonly reason: string }

/** A block whose state is wanted; its header is signed, or named by a signed descendant. */
export interface StatePivot extends BlockRef {
  readonly root: Hex
}

/** Fetches states in ranges with proofs (sync/state/). The state on disk is that of the pivot afterwards. */
export interface RecoveryStates extends StatesAtHand {
  /** `choosePivot` is asked at first, and again when no peer has the last one's state any more; undefined: there is none. */
  fetch(
    choosePivot: () => Promise<StatePivot | undefined>,
    counter: DetailedCounter,
    signal: AbortSignal
  ): Promise<StateFetchResult>
}

/** Blocks below the oldest one (sync/holes/backfill.ts). */
export interface RecoveryHistory {
  /** Down to a height; why it ended before, if it did. */
  down(
    to: bigint,
    signal: AbortSignal,
    onFetched: (slice: { peer: string; blocks: readonly unknown[]; bytes: number }) => void
  ): Promise<string | undefined>
  /** Of an accepted block, out of a peer's diff, where one has it. */
  receipts(block: Block, signal: AbortSignal): Promise<void>
}

/** The ancestors of an accepted block down to a height, the lowest first, each accepted. */
export type FetchAncestors = (
  wanted: { readonly target: BlockRef; readonly lowest: bigint; readonly signal: AbortSignal },
  onFetched: (range: { peer: string; blocks: readonly unknown[]; bytes: number }) => void
) => Promise<Exclude<GapOutcome, { readonly kind: 'diverges' }>>

/** Walks from a target back to our head, fetching what lies between (sync/fetching/fill-gap.ts). */
export type FillGap = (
  gap: { readonly floor: BlockRef; readonly target: BlockRef; readonly signal: AbortSignal },
  onFetched: (range: { peer: string; blocks: readonly unknown[]; bytes: number }) => void
) => Promise<GapOutcome>
