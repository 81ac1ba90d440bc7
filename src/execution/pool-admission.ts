// Which transactions the pool takes: judged by the sender's account, the block's gas, and what they replace.
import { type Hex } from '../base/bytes.ts'
import { NodeError } from '../base/node-error.ts'
import { type Account } from '../state/state-view.ts'
import { checkShape, type SenderFailure } from './sender-check.ts'
import { effectiveTip, feeCap, type PreparedTx, type TransactionFailure } from './transaction.ts'

/** A replacement must pay so many percent more, tip and cap. */
const REPLACEMENT_PERCENT = 10n

/** Why the pool does not take a transaction. */
export type PoolFailure =
  | TransactionFailure
  | SenderFailure
  | { readonly code: 'already-known'; readonly hash: Hex }
  | { readonly code: 'replacement-underpriced'; readonly nonce: bigint; readonly feeCap: bigint }
  | {
      readonly code: 'transaction-too-large'
      readonly sizeBytes: number
      readonly maxBytes: number
    }
  | {
      readonly code: 'above-block-gas-limit'
      readonly gasLimit: bigint
      readonly blockGasLimit: bigint
    }
  /** It was tried in blocks, and cut off. */
  | { readonly code: 'execution-too-long'; readonly timeMaxMs: number }
  | { readonly code: 'pool-full'; readonly transactionsMax: number }
  | { readonly code: 'sender-limit'; readonly perSenderMax: number }

/** Thrown by the pool's `add`; the pool is as it was. */
export class PoolError extends NodeError<PoolFailure> {}

/** Throws PoolError unless the transaction could stand in a block of the head's, now or after others of its sender. */
export function assertAdmissible(
  { tx, sender }: PreparedTx,
  account: Account,
  blockGasLimit: bigint | undefined
): void {
  const shape = checkShape(tx, sender)
  if (shape !== undefined) throw new PoolError(shape)
  if (blockGasLimit !== undefined && tx.gasLimit > blockGasLimit) {
    throw new PoolError({ code: 'above-block-gas-limit', gasLimit: tx.gasLimit, blockGasLimit })
  }
  if (tx.nonce < account.nonce) {
    throw new PoolError({ code: 'nonce-too-low', nonce: tx.nonce, expected: account.nonce })
  }
  const needed = mostCost(tx)
  if (account.balance < needed) {
    throw new PoolError({ code: 'insufficient-funds', balance: account.balance, cost: needed })
  }
}

/** What the sender must have for it to run, whatever the base fee. */
export function mostCost(tx: PreparedTx['tx']): bigint {
  return tx.value + tx.gasLimit * feeCap(tx)
}

/** Throws PoolError `replacement-underpriced` unless the new one pays that much more than the old. */
export function assertPaysMore({ tx }: PreparedTx, { tx: old }: PreparedTx): void {
  const raise = (price: bigint) => (price * (100n + REPLACEMENT_PERCENT) + 99n) / 100n
  const isMore =
    feeCap(tx) >= raise(feeCap(old)) && effectiveTip(tx, 0n) >= raise(effectiveTip(old, 0n))
  if (isMore) return
  throw new PoolError({
    code: 'replacement-underpriced',
    nonce: tx.nonce,
    feeCap: raise(feeCap(old))
  })
}
