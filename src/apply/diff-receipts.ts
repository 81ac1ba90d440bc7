// The receipts of a block that was not executed here, out of its state diff (protocols/state-diffs-by-range, SD-17).
import { decodeStateDiff } from '../../protocols/state-diffs-by-range/state-diff-codec.ts'
import { createYielder } from '../base/yielder.ts'
import { type Block } from '../chain/blocks/block.ts'
import { decodeReceipt, type Receipt } from '../chain/blocks/receipt.ts'
import { assertReceiptsOfBlock } from './check-diff.ts'
import { type DiffStep } from './diff-layer.ts'
import { refusedDiff } from './diff-refusal.ts'

/** Receipts that the header of their block proves. */
export interface ProvenReceipts {
  readonly block: Block
  readonly receipts: readonly Receipt[]
}

/** Keeps those of all diffs, in one batch; where one is false, of those before it, and throws what receiptsOfDiff does. */
export async function takeReceipts(
  chain: { readonly persistReceipts: (steps: readonly ProvenReceipts[]) => Promise<void> },
  steps: readonly DiffStep[]
): Promise<void> {
  const yielder = createYielder()
  const proven: ProvenReceipts[] = []
  try {
    for (const { block, bytes } of steps) {
      proven.push({ block, receipts: receiptsOfDiff(bytes, block) })
      await yielder.maybeYield()
    }
  } finally {
    if (proven.length > 0) await chain.persistReceipts(proven)
  }
}

/**
 * Proved by the block's header. What else the diff says cannot be checked without the state before it, and is not
 * kept. Throws ApplyError `diff-refused`, `diff-of-another-block`.
 */
export function receiptsOfDiff(bytes: Uint8Array, block: Block): readonly Receipt[] {
  try {
    const diff = decodeStateDiff(bytes)
    assertReceiptsOfBlock(diff, block)
    return diff.receipts.map((encoded) => decodeReceipt(encoded))
  } catch (thrown) {
    throw refusedDiff(block.number, thrown)
  }
}
