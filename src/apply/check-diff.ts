// What a state diff says of its block, held against the headers (protocols/state-diffs-by-range, SD-16 and SD-17).
import { type StateDiff } from '../../protocols/state-diffs-by-range/state-diff.ts'
import { decodeStateDiff } from '../../protocols/state-diffs-by-range/state-diff-codec.ts'
import { StateDiffError } from '../../protocols/state-diffs-by-range/state-diff-error.ts'
import { bytesToHex, equalBytes } from '../base/bytes.ts'
import { errorMessage } from '../base/node-error.ts'
import { type Block } from '../chain/block.ts'
import { ChainError } from '../chain/chain-error.ts'
import { blockBloom, decodeReceipt, type Receipt } from '../chain/receipt.ts'
import { DiffError } from '../state/diff-error.ts'
import { orderedRoot } from '../trie/ordered-root.ts'
import { ApplyError } from './apply-error.ts'

/** Throws DiffError; ChainError `receipt-malformed`. The state root is checked when it was computed. */
export function assertDiffOfBlock(diff: StateDiff, block: Block, parent: Block): void {
  const { number } = block
  const claims = [
    ['number', diff.number === number],
    ['blockHash', bytesToHex(diff.blockHash) === block.hash],
    ['parentStateRoot', bytesToHex(diff.parentStateRoot) === parent.stateRoot],
    ['stateRoot', bytesToHex(diff.stateRoot) === block.stateRoot]
  ] as const
  for (const [field, isTrue] of claims) {
    if (!isTrue) throw new DiffError({ code: 'header-differs', number, field })
  }
  const reason = receiptsProblem(diff, block)
  if (reason !== undefined) throw new DiffError({ code: 'receipts-wrong', number, reason })
}

/**
 * The receipts in a diff of this block, proved by its header; what the diff says of the state is not looked at.
 * Throws ApplyError `diff-refused`.
 */
export function receiptsOfDiff(bytes: Uint8Array, block: Block): readonly Receipt[] {
  const { number, hash } = block
  try {
    const diff = decodeStateDiff(bytes)
    if (bytesToHex(diff.blockHash) !== hash) {
      throw new DiffError({ code: 'header-differs', number, field: 'blockHash' })
    }
    const reason = receiptsProblem(diff, block)
    if (reason !== undefined) throw new DiffError({ code: 'receipts-wrong', number, reason })
    return diff.receipts.map((receipt) => decodeReceipt(receipt))
  } catch (thrown) {
    const isRefusal =
      thrown instanceof DiffError ||
      thrown instanceof StateDiffError ||
      thrown instanceof ChainError
    if (!isRefusal) throw thrown
    const reason = errorMessage(thrown)
    throw new ApplyError({ code: 'diff-refused', number, reason }, { cause: thrown })
  }
}

function receiptsProblem(diff: StateDiff, { header, transactions }: Block): string | undefined {
  if (diff.receipts.length !== transactions.length) {
    return `${diff.receipts.length} receipts for ${transactions.length} transactions`
  }
  if (!equalBytes(orderedRoot(diff.receipts), header.receiptsRoot))
    return "their root is not the header's"
  const receipts = diff.receipts.map((bytes) => decodeReceipt(bytes))
  if (!equalBytes(blockBloom(receipts), header.logsBloom)) return "their bloom is not the header's"
  const gasUsed = receipts.at(-1)?.cumulativeGasUsed ?? 0n
  return gasUsed === header.gasUsed ? undefined : "their gas is not the header's"
}
