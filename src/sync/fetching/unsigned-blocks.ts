// Blocks without a signature, out of the OP Stack's payload_by_number: each one that a known child names by its hash.
import { type Hex } from '../../base/bytes.ts'
import { type Clock } from '../../base/clock.ts'
import { type Block, type BlockRef } from '../../chain/blocks/block.ts'
import { Quota } from '../../peer/quota.ts'
import { RequestError } from '../../reqresp/request-error.ts'
import { requestChecked, type RequestChunks } from '../protocols/asking.ts'
import { type PayloadChecks, SERVED_PAYLOAD_BY_NUMBER } from '../protocols/payload-by-number.ts'
import { type AttemptResult, type FetchOutcome, type Slowness } from './fetch-job.ts'
import { FetchPool } from './fetch-pool.ts'

/**
 * What op-node serves one peer, and all (op-node/p2p, sync.go). Beyond it op-node lets the asker wait, and the one of
 * October 2024 holds a lock for ever when that takes too long.
 */
export const PAYLOAD_PACE = {
  perPeer: { burstTokens: 15, tokensPerSecond: 4 },
  total: { burstTokens: 40, tokensPerSecond: 20 }
} as const

/** Blocks that are proved by a descendant, on disk. The accepted store satisfies it. */
export interface NamedBlocks {
  /** With a signature or without one. */
  namedBlock(hash: Hex): Block | undefined
  /** Keeps blocks whose hashes signed descendants name, synced. They are not accepted by that. */
  keepNamed(blocks: readonly Block[]): Promise<void>
}

/** Where blocks without signatures come from, and where they go. */
export interface UnsignedBlocks {
  /** The block, where it is held. */
  block(hash: Hex): Block | undefined
  /** Has a peer bring the block, and keeps it. The caller knows its hash from a child that is proved. */
  fetch(named: BlockRef, options: { readonly signal: AbortSignal }): Promise<FetchOutcome>
}

/** What fetching them needs. */
export interface UnsignedBlocksDeps extends PayloadChecks {
  readonly clock: Clock
  readonly request: RequestChunks
  readonly named: NamedBlocks
  /** Connected peers that say they answer payload_by_number, and may be asked for much. */
  readonly peers: () => readonly string[]
  readonly onSlow: (peer: string, slowness: Slowness) => void
  readonly isConfigured?: (peer: string) => boolean
}

/** One for the whole node: it holds to PAYLOAD_PACE. */
export function createUnsignedBlocks(deps: UnsignedBlocksDeps): UnsignedBlocks {
  const { clock, named, peers, onSlow, isConfigured = () => true } = deps
  const pool = new FetchPool({ clock, onSlow, isConfigured })
  const pace = new Quota(clock, PAYLOAD_PACE)
  return {
    block: (hash) => named.namedBlock(hash),
    fetch(wanted, { signal }) {
      const attempt = (peer: string, inner: AbortSignal) =>
        attemptOne({ deps, pace, peer, wanted }, inner)
      return pool.fetch({ peers, attempt }, signal)
    }
  }
}

async function attemptOne(
  {
    deps,
    pace,
    peer,
    wanted
  }: {
    readonly deps: UnsignedBlocksDeps
    readonly pace: Quota
    readonly peer: string
    readonly wanted: BlockRef
  },
  signal: AbortSignal
): Promise<AttemptResult> {
  const retryAfterMs = pace.take(peer, 1)
  if (retryAfterMs > 0)
    return failed(new RequestError({ code: 'rate-limited', peer, retryAfterMs }))
  const { number, hash } = wanted
  let found: Block | undefined
  try {
    const asked = { peer, question: { number } }
    const blocks = requestChecked(deps, SERVED_PAYLOAD_BY_NUMBER, asked, signal)
    for await (const block of blocks) found = block
  } catch (error) {
    return failed(error)
  }
  if (found === undefined) return failed(new Error('served no block'))
  // The peer's chain has another branch there: that is no lie.
  if (found.hash !== hash) return failed(new Error(`holds another block ${number.toString()}`))
  await deps.named.keepNamed([found])
  return { kind: 'done' }
}

function failed(error: unknown): AttemptResult {
  return { kind: 'failed', error, hasPart: false }
}
