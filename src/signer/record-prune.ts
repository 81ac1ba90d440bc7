// When messages are dropped from the signed record, and which (src/signer/README.md, "The file").
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
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

/** Blocks between two looks at whether the record can drop messages. */
const PRUNE_EVERY_BLOCKS = 256n

/** Hears each persisted head. Messages go once their blocks are persisted here and held by a quorum. */
export function createRecordPruning(
  record: { prune(heads: PruneHeads): Promise<void> },
  replicatedHead: () => bigint | undefined,
  log: Log
): (head: { readonly number: bigint }) => void {
  return ({ number }) => {
    const replicated = replicatedHead()
    if (number % PRUNE_EVERY_BLOCKS !== 0n || replicated === undefined) return
    record.prune({ persisted: number, replicated }).catch((thrown: unknown) => {
      log.warn('record-not-pruned', { reason: errorMessage(thrown) })
    })
  }
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
