// Walks parent hashes from a target back to our chain, fetching what lies between (src/recovery/README.md, "Decisions").
import { setMaxListeners } from 'node:events'
import { type Hex } from '../../base/bytes.ts'
import { errorMessage } from '../../base/node-error.ts'
import { createYielder } from '../../base/yielder.ts'
import { type BlockRef, type SignedBlock } from '../../chain/blocks/block.ts'
import { GapWindow, type HeldHeights, WINDOW_RANGES_MAX } from './gap-window.ts'
import { type BlockFetcher, type FetchedSlice, RANGE_BLOCKS_MAX } from './range-fetcher.ts'
import { type UnsignedBlocks } from './unsigned-blocks.ts'

/** Where a walk ends: at a block, or at whichever stands below the last one that is wanted. */
interface Floor {
  readonly number: bigint
  readonly hash: Hex | undefined
}

/** The accepted blocks: what is in it was verified and is on disk. */
export interface AcceptedBlocks extends HeldHeights {
  acceptedBlock(hash: Hex): SignedBlock | undefined
  accept(blocks: readonly SignedBlock[]): Promise<void>
}

/** How a walk ended. */
export type GapOutcome =
  /** Every block from the floor to the target is accepted; their hashes in ascending order. */
  | { readonly kind: 'linked'; readonly path: readonly Hex[] }
  /** Nobody served these; `reason` is what the last peer said. */
  | {
      readonly kind: 'unserved'
      readonly firstMissing: bigint
      readonly lastMissing: bigint
      readonly reason: string
    }
  /** The target's branch does not contain the floor: `other` stands where our child would. */
  | { readonly kind: 'diverges'; readonly ours: BlockRef; readonly other: BlockRef }

/** Longest gap one walk takes on: it keeps one hash for each block, about 100 MB for so many. */
export const GAP_MAX_BLOCKS = 1_000_000

/** What the walk reports while it goes. */
export interface GapProgress {
  readonly onFetched?: (slice: FetchedSlice) => void
}

/** What a walk needs. */
export interface FillGapDeps {
  readonly accepted: AcceptedBlocks
  readonly fetcher: BlockFetcher
  /** Where nobody serves a block with its signature; left out: nowhere. */
  readonly unsigned?: UnsignedBlocks | undefined
}

/** From where to where. */
export interface Gap {
  /** Our head. */
  readonly floor: BlockRef
  /** Accepted already. */
  readonly target: BlockRef
  readonly signal: AbortSignal
}

/**
 * The blocks between `floor` and `target`. Heights that are not held are fetched in ranges, several at once,
 * from the top down; blocks are kept by hash as they come, so one that is not on the target's branch costs its
 * transfer and harms nothing. Where the peers' chains do not have the wanted block, it is asked for by hash; and where
 * nobody has it with its signature, of nodes of the OP Stack by its height: its child proves it.
 */
export function fillGap(
  deps: FillGapDeps,
  gap: Gap,
  progress: GapProgress = {}
): Promise<GapOutcome> {
  return walk(deps, gap, progress)
}

/** The same for the ancestors of an accepted block, down to a height: the lowest is whichever its child names. */
export async function fetchAncestors(
  deps: FillGapDeps,
  {
    target,
    lowest,
    signal
  }: { readonly target: BlockRef; readonly lowest: bigint; readonly signal: AbortSignal },
  progress: GapProgress = {}
): Promise<Exclude<GapOutcome, { readonly kind: 'diverges' }>> {
  const floor = { number: lowest - 1n, hash: undefined }
  const outcome = await walk(deps, { floor, target, signal }, progress)
  if (outcome.kind === 'diverges') throw new Error('a walk without a floor left it')
  return outcome
}

async function walk(
  deps: FillGapDeps,
  { floor, target, signal }: WalkedGap,
  { onFetched = () => undefined }: GapProgress
): Promise<GapOutcome> {
  const first = floor.number + 1n
  if (target.number - floor.number > BigInt(GAP_MAX_BLOCKS)) {
    const reason = `the gap is longer than ${String(GAP_MAX_BLOCKS)} blocks`
    return { kind: 'unserved', firstMissing: first, lastMissing: target.number, reason }
  }
  const { accepted, fetcher } = deps
  const stop = new AbortController()
  const inner = AbortSignal.any([signal, stop.signal])
  setMaxListeners(3 * WINDOW_RANGES_MAX, inner) // two for each range in flight, and what is asked for beside them
  const take = async (slice: FetchedSlice) => {
    await accepted.accept(slice.blocks)
    onFetched(slice)
  }
  const last = target.number - 1n
  const blockBytes = accepted.acceptedBlock(target.hash)?.message.length
  const planned = { first, last, blockBytes }
  const window = new GapWindow({ held: accepted, fetcher, take }, planned, inner)
  try {
    return await walkBack({ ...deps, window, take }, { floor, target, signal: inner })
  } finally {
    stop.abort(new Error('the walk ended'))
    await window.settled()
  }
}

type WalkedGap = Omit<Gap, 'floor'> & { readonly floor: Floor }

interface WalkDeps extends FillGapDeps {
  readonly window: GapWindow
  readonly take: (slice: FetchedSlice) => Promise<void>
}

async function walkBack(deps: WalkDeps, { floor, target, signal }: WalkedGap): Promise<GapOutcome> {
  const { accepted, window, unsigned } = deps
  const fetchBranch = createBranchFetch(deps, floor, signal)
  const yielder = createYielder()
  const path: Hex[] = []
  let wanted: BlockRef = target
  for (;;) {
    signal.throwIfAborted()
    await yielder.maybeYield()
    await window.fill()
    const parent =
      window.parentOf(wanted) ??
      accepted.acceptedBlock(wanted.hash)?.parentHash ??
      unsigned?.block(wanted.hash)?.parentHash
    if (parent === undefined) {
      const failure = (await window.waitFor(wanted.number)) ? undefined : await fetchBranch(wanted)
      if (failure !== undefined) return failure
      continue
    }
    path.push(wanted.hash)
    if (wanted.number === floor.number + 1n) {
      const { number, hash } = floor
      if (hash === undefined || parent === hash) return { kind: 'linked', path: path.reverse() }
      return { kind: 'diverges', ours: { number, hash }, other: wanted }
    }
    window.pass(wanted.number)
    wanted = { number: wanted.number - 1n, hash: parent }
  }
}

/**
 * Fetches a block that no range brought: by its hash, from a peer that has it; and since that peer's chain may be the
 * wanted branch, what is missing next is first asked for as a range of that peer's.
 */
function createBranchFetch(
  { window, fetcher, take, unsigned }: WalkDeps,
  floor: Floor,
  signal: AbortSignal
): (wanted: BlockRef) => Promise<GapOutcome | undefined> {
  let holder: string | undefined
  return async (wanted) => {
    const lowest = wanted.number - BigInt(RANGE_BLOCKS_MAX) + 1n
    const first = lowest > floor.number ? lowest : floor.number + 1n
    if (holder !== undefined) {
      const only = holder
      holder = undefined
      await fetcher.range({ first, last: wanted.number }, take, { signal, only })
      return undefined
    }
    const outcome = await fetcher.block(wanted, take, { signal })
    if (outcome.kind === 'done') {
      holder = outcome.peer
      return undefined
    }
    if ((await unsigned?.fetch(wanted, { signal }))?.kind === 'done') return undefined
    const failure = window.failure(wanted.number)
    return {
      kind: 'unserved',
      firstMissing: failure?.first ?? wanted.number,
      lastMissing: wanted.number,
      reason: errorMessage(failure?.error ?? outcome.error)
    }
  }
}
