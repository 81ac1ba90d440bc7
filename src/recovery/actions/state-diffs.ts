// State diffs as recovery uses them: our own out of the store, the peers' by request.
import { type Status } from '../../../protocols/status/codec.ts'
import { type Applier } from '../../apply/applier.ts'
import { ApplyError } from '../../apply/apply-error.ts'
import { type Hex } from '../../base/bytes.ts'
import { errorMessage } from '../../base/node-error.ts'
import { createYielder } from '../../base/yielder.ts'
import { type Block } from '../../chain/blocks/block.ts'
import { type BlockStore } from '../../chain/stored/block-store.ts'
import { unlessDamaged } from '../../chain/stored/chain-entry.ts'
import {
  DIFFS_BATCH,
  type FetchDiffsDeps,
  fetchDiffs,
  fetchDiffsInBatches
} from '../../sync/fetching/fetch-diffs.ts'
import { isApplyingDear, isExecutionDear, PATH_LOOKS_MAX } from '../decide/diff-price.ts'
import { type StateStretch } from '../knowledge/ports.ts'
import { type DiffsResult, type OnDiffs, type RecoveryDiffs } from './ports.ts'

/** What peers say of themselves, as a hint; the last status of each. */
interface StatusClaims {
  status(peer: string): Status | undefined
}

/** Where diffs are, who claims to keep them, and what applies them. */
export interface RecoveryDiffsDeps extends FetchDiffsDeps {
  readonly stores: { readonly blocks: BlockStore }
  /** A block that is signed, or named by a signed descendant. */
  readonly namedBlock: (hash: Hex) => Block | undefined
  readonly applier: Applier
  readonly claims: StatusClaims
  readonly connected: () => readonly string[]
}

/** Both ways to state diffs. */
export function recoveryDiffs(deps: RecoveryDiffsDeps): RecoveryDiffs {
  const { stores, applier } = deps
  const { blocks } = stores
  /** The last stretch that was looked at: blocks that are stored do not change. */
  let looked: { readonly key: string; readonly isDear: boolean } | undefined
  return {
    areStored({ from }) {
      const oldest = blocks.oldestDiff()
      return oldest !== undefined && oldest <= from.number + 1n
    },
    areServed: (stretch) => peersWith(deps, stretch).length > 0,
    isExecutionDear(stretch) {
      const key = `${stretch.from.hash} ${stretch.to.hash}`
      if (looked?.key !== key) looked = { key, isDear: isDear(stores, stretch) }
      return looked.isDear
    },
    replayStored: ({ from, to }, onReplayed, signal) =>
      outcomeOf(async () => {
        await applier.replayDiffs({ from, to: to.number, onReplayed, signal })
        return { kind: 'rebuilt' }
      }),
    isApplyingDear: (path) =>
      isApplyingDear(
        path.slice(0, PATH_LOOKS_MAX).map((hash) => deps.namedBlock(hash)?.header.gasUsed ?? 0n)
      ),
    applyFetched: (path, onApplied, signal) => applyFetched(deps, path, onApplied, signal),
    fetchReceipts: (path, onTaken, signal) => fetchReceipts(deps, path, onTaken, signal),
    replayFetched: (stretch, onReplayed, signal) =>
      outcomeOf(async () => {
        const heights = { first: stretch.from.number + 1n, last: stretch.to.number }
        const peers = peersWith(deps, stretch)
        const fetched = await fetchDiffs(deps, { ...heights, peers, signal }, async (...taken) => {
          const [number, bytes, peer] = taken
          await applier.replayDiff(number, bytes)
          onReplayed(1, { peer, bytes: bytes.length })
        })
        return fetched.kind === 'done' ? { kind: 'rebuilt' } : fetched
      })
  }
}

/**
 * Blocks by their diffs: ends at the first that nobody serves in truth, or that does not make its block the head. They are
 * written in batches, which costs no promise: none of them is shown to anybody by this, and each was accepted before.
 */
async function applyFetched(
  deps: RecoveryDiffsDeps,
  path: readonly Hex[],
  onApplied: OnDiffs,
  signal: AbortSignal
): Promise<number> {
  const { applier } = deps
  const from = applier.head()
  const heights = { first: from.number + 1n, last: from.number + BigInt(path.length) }
  const peers = peersForDiffs(deps, heights)
  const blockAt = (number: bigint): Block => {
    const hash = path[Number(number - heights.first)]
    const block = hash === undefined ? undefined : deps.namedBlock(hash)
    if (block === undefined) throw new Error(`block ${String(hash)} is gone`)
    return block
  }
  await outcomeOf(async () => {
    const stretch = { ...heights, peers, signal }
    const fetched = await fetchDiffsInBatches(deps, stretch, DIFFS_BATCH, async (taken) => {
      const { first, diffs, peer } = taken
      const steps = diffs.map((bytes, at) => ({ block: blockAt(first + BigInt(at)), bytes }))
      const before = applier.head().number
      try {
        await applier.applyDiffs(steps)
      } finally {
        const count = Number(applier.head().number - before)
        const bytes = diffs.slice(0, count).reduce((sum, { length }) => sum + length, 0)
        if (count > 0) onApplied(count, { peer, bytes })
      }
    })
    return fetched.kind === 'done' ? { kind: 'rebuilt' } : fetched
  })
  return Number(applier.head().number - from.number)
}

/** Receipts of linked blocks, from the first one that lacks them to the last. */
async function fetchReceipts(
  deps: RecoveryDiffsDeps,
  path: readonly Hex[],
  onTaken: OnDiffs,
  signal: AbortSignal
): Promise<DiffsResult> {
  const { applier } = deps
  const head = applier.head()
  const blockAt = (index: number): Block => {
    const hash = path[index]
    const block = hash === undefined ? undefined : deps.namedBlock(hash)
    if (block === undefined) throw new Error(`accepted block ${String(hash)} is gone`)
    return block
  }
  const yielder = createYielder()
  const wanted: number[] = []
  for (const index of path.keys()) {
    if (lacksReceipts(deps.stores, blockAt(index))) wanted.push(index)
    await yielder.maybeYield()
  }
  const [firstWanted] = wanted
  const lastWanted = wanted.at(-1)
  if (firstWanted === undefined || lastWanted === undefined) return { kind: 'rebuilt' }
  const heightOf = (index: number) => head.number + 1n + BigInt(index)
  const heights = { first: heightOf(firstWanted), last: heightOf(lastWanted) }
  const peers = peersForDiffs(deps, heights)
  return outcomeOf(async () => {
    const stretch = { ...heights, peers, signal }
    const fetched = await fetchDiffsInBatches(deps, stretch, DIFFS_BATCH, async (taken) => {
      const { first, diffs, peer } = taken
      const index = Number(first - head.number) - 1
      await applier.takeReceipts(diffs.map((bytes, at) => ({ block: blockAt(index + at), bytes })))
      const bytes = diffs.reduce((sum, { length }) => sum + length, 0)
      onTaken(diffs.length, { peer, bytes })
    })
    return fetched.kind === 'done' ? { kind: 'rebuilt' } : fetched
  })
}

/** Also where those that are stored are damaged. */
function lacksReceipts({ blocks }: RecoveryDiffsDeps['stores'], { hash, transactions }: Block) {
  return transactions.length > 0 && unlessDamaged(() => blocks.receipts(hash)) === undefined
}

/** Whoever does not say that it lacks the first of them: an answer may be shorter than what was asked for. */
function peersForDiffs(
  { connected, claims }: Pick<RecoveryDiffsDeps, 'connected' | 'claims'>,
  { first }: { readonly first: bigint }
): readonly string[] {
  return connected().filter((peer) => {
    const status = claims.status(peer)
    return status === undefined || keepsDiffs(status, { first, last: first })
  })
}

/** An ApplyError says which block's diff does not do; anything else is ours and is thrown. */
async function outcomeOf(work: () => Promise<DiffsResult>): Promise<DiffsResult> {
  try {
    return await work()
  } catch (thrown) {
    if (!(thrown instanceof ApplyError)) throw thrown
    return { kind: 'failed', reason: errorMessage(thrown) }
  }
}

/** Those whose status claims all the diffs; a claim is a hint. */
function peersWith(
  { connected, claims }: Pick<RecoveryDiffsDeps, 'connected' | 'claims'>,
  { from, to }: StateStretch
): readonly string[] {
  return connected().filter((peer) => {
    const status = claims.status(peer)
    return status !== undefined && keepsDiffs(status, { first: from.number + 1n, last: to.number })
  })
}

function keepsDiffs(
  { oldestDiff, unsafeNumber }: Status,
  { first, last }: { readonly first: bigint; readonly last: bigint }
): boolean {
  return oldestDiff !== undefined && oldestDiff <= first && unsafeNumber >= last
}

function isDear({ blocks }: RecoveryDiffsDeps['stores'], { from, to }: StateStretch): boolean {
  return isExecutionDear(to.number - from.number, gasOf(blocks, { from, to }))
}

function* gasOf(blocks: BlockStore, { from, to }: StateStretch): Generator<bigint> {
  for (let number = from.number + 1n; number <= to.number; number++) {
    yield blocks.blockByNumber(number)?.header.gasUsed ?? 0n
  }
}
