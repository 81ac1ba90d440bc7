// What a block has to be to be persisted on the head.
import { type Block } from '../blocks/block.ts'
import { ChainError } from '../blocks/chain-error.ts'
import { type Receipt } from '../blocks/receipt.ts'

/** Throws ChainError `not-child-of-head`. */
export function assertNext(head: Block, block: Block): void {
  const { number, parentHash } = block
  if (parentHash === head.hash && number === head.number + 1n) return
  const { number: headNumber, hash: headHash } = head
  throw new ChainError({ code: 'not-child-of-head', number, parentHash, headNumber, headHash })
}

/** One for each transaction. Throws ChainError `receipts-count-wrong`. */
export function assertReceiptsCount(
  { hash, transactions }: Block,
  receipts: readonly Receipt[]
): void {
  const counts = { receiptsCount: receipts.length, transactionsCount: transactions.length }
  if (counts.receiptsCount === counts.transactionsCount) return
  throw new ChainError({ code: 'receipts-count-wrong', hash, ...counts })
}
