// The receipts of a block that was not executed here, out of its state diff (protocols/state-diffs-by-range, SD-17).
import { decodeStateDiff } from '../../protocols/state-diffs-by-range/state-diff-codec.ts'
import { type Block } from '../chain/blocks/block.ts'
import { decodeReceipt, type Receipt } from '../chain/blocks/receipt.ts'
import { assertReceiptsOfBlock } from './check-diff.ts'
import { refusedDiff } from './diff-refusal.ts'

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
