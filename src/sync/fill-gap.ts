// Walks parent hashes from a target back to our chain, fetching what lies between (recovery.md, row 5).
import { type Hex } from '../base/bytes.ts'
import { errorMessage } from '../base/node-error.ts'
import { type BlockRef, type SignedBlock } from '../chain/block.ts'
import { type FetchedRange, type RangeFetcher } from './range-fetcher.ts'

/** The accepted blocks: what is in it was verified and is on disk. */
export interface AcceptedBlocks {
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

/** Longest gap one walk keeps in memory, as hashes (32 bytes each). */
export const GAP_MAX_BLOCKS = 1_000_000

/** What the walk reports while it goes. */
export interface GapProgress {
  readonly onFetched?: (range: FetchedRange) => void
}

/**
 * The blocks between `floor` (our head) and `target`, which is accepted already. Blocks come by height and
 * are kept by hash, so one that is not on the target's branch costs its transfer and harms nothing.
 */
export async function fillGap(
  { accepted, ranges }: { accepted: AcceptedBlocks; ranges: RangeFetcher },
  { floor, target, signal }: { floor: BlockRef; target: BlockRef; signal: AbortSignal },
  { onFetched = () => undefined }: GapProgress = {}
): Promise<GapOutcome> {
  if (target.number - floor.number > BigInt(GAP_MAX_BLOCKS)) {
    const reason = `the gap is longer than ${String(GAP_MAX_BLOCKS)} blocks`
    return { kind: 'unserved', firstMissing: floor.number + 1n, lastMissing: target.number, reason }
  }
  const path: Hex[] = []
  let wanted: BlockRef = target
  for (;;) {
    signal.throwIfAborted()
    let block = accepted.acceptedBlock(wanted.hash)
    if (block === undefined) {
      const failure = await fetchUntilHeld(wanted)
      if (failure !== undefined) return failure
      block = accepted.acceptedBlock(wanted.hash)
      if (block === undefined) throw new Error('a fetched block is not in the accepted store')
    }
    path.push(wanted.hash)
    if (wanted.number === floor.number + 1n) {
      if (block.parentHash === floor.hash) return { kind: 'linked', path: path.reverse() }
      return { kind: 'diverges', ours: floor, other: wanted }
    }
    wanted = { number: wanted.number - 1n, hash: block.parentHash }
  }

  /** Asks one peer after another for the missing stretch until the wanted block is held. */
  async function fetchUntilHeld(missing: BlockRef): Promise<GapOutcome | undefined> {
    let reason = 'no connected peer serves it'
    const first = floor.number + 1n
    for await (const attempt of ranges.fetch({ first, last: missing.number, signal })) {
      if (attempt.kind === 'failed') {
        reason = errorMessage(attempt.error)
        continue
      }
      await accepted.accept(attempt.blocks)
      onFetched(attempt)
      if (accepted.acceptedBlock(missing.hash) !== undefined) return undefined
    }
    return { kind: 'unserved', firstMissing: missing.number, lastMissing: missing.number, reason }
  }
}
