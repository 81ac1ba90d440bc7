// From which height on the chain is stored: the first one, unless the node joined it further up (src/chain/README.md, "History").
import { z } from 'zod'
import { type BatchOperation, type KeyValueReader } from '../../store/key-value-store.ts'
import { CHAIN_PREFIX, nameKey, numberKey, numberOfKey } from '../../store/keys.ts'
import { type Block } from '../blocks/block.ts'
import { ChainError } from '../blocks/chain-error.ts'
import { putEntry, readEntry } from './chain-entry.ts'

/** Heights; genesis is always stored. */
export interface StoredHistory {
  /** From here to the head every block is stored, or lost and looked for. */
  readonly oldestBlock: bigint
  /** From here on their receipts are too; below they are where a peer still had them. */
  readonly oldestReceipts: bigint
}

/** A chain that was executed from genesis on. */
export const WHOLE_HISTORY: StoredHistory = { oldestBlock: 1n, oldestReceipts: 1n }

const KEY = nameKey(CHAIN_PREFIX.named, 'history')
const height = z
  .string()
  .regex(/^\d{1,20}$/)
  .transform(BigInt)
const historySchema = z.object({ oldestBlock: height, oldestReceipts: height })

/** What is stored; where that is damaged, what the lowest pointer says: receipts are looked for from there on. */
export async function readHistory(store: KeyValueReader): Promise<StoredHistory> {
  try {
    const body = readEntry(store, 'named', KEY)
    if (body === undefined) return WHOLE_HISTORY
    return historySchema.parse(JSON.parse(Buffer.from(body).toString('utf8')))
  } catch {
    return lowestPointer(store)
  }
}

/** The write of it, for the batch of the blocks that it is about. */
export function historyOperation({ oldestBlock, oldestReceipts }: StoredHistory): BatchOperation {
  const json = {
    oldestBlock: oldestBlock.toString(),
    oldestReceipts: oldestReceipts.toString()
  }
  return putEntry(KEY, new Uint8Array(Buffer.from(JSON.stringify(json), 'utf8')))
}

/** What is stored once these are, each the parent of the one before it. Throws ChainError `hash-not-proven`. */
export function historyAfter(
  { oldestReceipts }: StoredHistory,
  oldest: Block,
  below: readonly Block[],
  hasReceipts: (block: Block) => boolean
): StoredHistory {
  let child = oldest
  let receiptsFrom = oldestReceipts
  for (const block of below) {
    const { number, hash } = block
    if (child.parentHash !== hash || child.number !== number + 1n) {
      throw new ChainError({ code: 'hash-not-proven', number, hash, named: child.parentHash })
    }
    if (receiptsFrom === number + 1n && hasReceipts(block)) receiptsFrom = number
    child = block
  }
  return { oldestBlock: child.number, oldestReceipts: receiptsFrom }
}

async function lowestPointer(store: KeyValueReader): Promise<StoredHistory> {
  const range = {
    start: numberKey(CHAIN_PREFIX.canonical, 1n),
    end: Uint8Array.of(CHAIN_PREFIX.canonical + 1),
    limit: 1
  }
  for await (const [key] of store.iterate(range)) {
    const lowest = numberOfKey(key)
    return { oldestBlock: lowest, oldestReceipts: lowest }
  }
  return WHOLE_HISTORY
}
