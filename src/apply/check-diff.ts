// What a state diff says of its block, held against the headers (protocols/state-diffs-by-range, SD-16 and SD-17).
import { type StateDiff } from '../../protocols/state-diffs-by-range/state-diff.ts'
import { bytesToHex, equalBytes } from '../base/bytes.ts'
import { type Block } from '../chain/blocks/block.ts'
import { blockBloom } from '../chain/blocks/receipt.ts'
import { decodeReceiptHead } from '../chain/blocks/receipt-head.ts'
import { DiffError } from '../state/diff-error.ts'
import { orderedRoot } from '../trie/ordered-root.ts'

/** Throws DiffError; ChainError `receipt-malformed`. The state root is checked when it was computed. */
export function assertDiffOfBlock(
  diff: StateDiff,
  block: Block,
  parent: Pick<Block, 'stateRoot'>
): void {
  // First whose it is: one of another branch is true there, and nobody is to blame for it.
  assertReceiptsOfBlock(diff, block)
  if (bytesToHex(diff.parentStateRoot) === parent.stateRoot) return
  const { number } = block
  throw new DiffError({ code: 'header-differs', number, field: 'parentStateRoot' })
}

/** As assertDiffOfBlock, of what the block alone can tell: where the state before it is not known. */
export function assertReceiptsOfBlock(diff: StateDiff, block: Block): void {
  const { number } = block
  const claims = [
    ['number', diff.number === number],
    ['blockHash', bytesToHex(diff.blockHash) === block.hash],
    ['stateRoot', bytesToHex(diff.stateRoot) === block.stateRoot]
  ] as const
  for (const [field, isTrue] of claims) {
    if (!isTrue) throw new DiffError({ code: 'header-differs', number, field })
  }
  const reason = receiptsProblem(diff, block)
  if (reason !== undefined) throw new DiffError({ code: 'receipts-wrong', number, reason })
}

function receiptsProblem(diff: StateDiff, { header, transactions }: Block): string | undefined {
  if (diff.receipts.length !== transactions.length) {
    return `${diff.receipts.length} receipts for ${transactions.length} transactions`
  }
  if (!equalBytes(orderedRoot(diff.receipts), header.receiptsRoot))
    return "their root is not the header's"
  const receipts = diff.receipts.map((bytes) => decodeReceiptHead(bytes))
  if (!equalBytes(blockBloom(receipts), header.logsBloom)) return "their bloom is not the header's"
  const gasUsed = receipts.at(-1)?.cumulativeGasUsed ?? 0n
  return gasUsed === header.gasUsed ? undefined : "their gas is not the header's"
}
