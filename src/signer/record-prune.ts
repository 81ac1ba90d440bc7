// When messages are dropped from the signed record, and which (src/signer/README.md, "The file").
import { type LiveRecord } from './record-live.ts'

/** How long messages stay, and what a rewrite must be worth; tests make both small. */
export interface PruneLimits {
  /** Messages stay until they are this far below the replicated head. */
  readonly keptBlocks: number
  /** A rewrite waits until it frees this much, and at least half of the file. */
  readonly rewriteMinBytes: number
}

/** What a node keeps: two hours of blocks of a second, about. */
export const PRUNE_LIMITS: PruneLimits = { keptBlocks: 8_192, rewriteMinBytes: 64 * 2 ** 20 }

/** Heads of the chain, as the one who prunes knows them. */
export interface PruneHeads {
  readonly persisted: bigint
  readonly replicated: bigint
}

/** The height from which on messages are kept, all below being persisted and far down; undefined: not worth it yet. */
export function pruneFrom(
  live: LiveRecord,
  { persisted, replicated }: PruneHeads,
  { keptBlocks, rewriteMinBytes }: PruneLimits
): bigint | undefined {
  const last = replicated - BigInt(keptBlocks)
  const keepFrom = (persisted < last ? persisted : last) + 1n
  const freedBytes = droppableBytes(live, keepFrom)
  const isWorthIt = freedBytes >= rewriteMinBytes && 2 * freedBytes >= live.file.length
  return isWorthIt ? keepFrom : undefined
}

/** Bytes that a rewrite would free: the entries that lie before the first one kept whole. */
function droppableBytes({ file, index }: LiveRecord, keepFrom: bigint): number {
  const first = index.firstEntryOffset()
  if (first === undefined) return 0
  const isAll = index.tip !== undefined && keepFrom > index.tip.number
  const kept = isAll ? file.length : index.place(keepFrom)?.entryOffset
  return kept === undefined ? 0 : kept - first
}
