// Which transactions the pool takes: judged by the sender's account, the block's gas, and what they replace.
import { type Hex } from '../base/bytes.ts'
import { NodeError } from '../base/node-error.ts'
import { type Account } from '../state/state-view.ts'
import { checkShape, type SenderFailure } from './sender-check.ts'
import {
  effectiveTip,
  feeCap,
  isReplayProtected,
  type PreparedTx,
  type TransactionFailure
} from './transaction.ts'

/** A replacement must pay so many percent more, tip and cap (geth's `--txpool.pricebump`). */
const REPLACEMENT_PERCENT = 10n
/** Wei a unit of gas that a transaction must offer at least (geth's `--txpool.pricelimit`). */
const TIP_MIN_WEI = 1n

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
  | { readonly code: 'unprotected' }
  | { readonly code: 'tip-too-low'; readonly tip: bigint; readonly tipMin: bigint }
  /** Together with what can run of the same sender already. */
  | {
      readonly code: 'funds-overshot'
      readonly balance: bigint
      readonly queuedCost: bigint
      readonly cost: bigint
    }
  /** No transaction that could run may go for it, as it does not pay more. */
  | { readonly code: 'pool-full-underpriced'; readonly slotsMax: number }
  /** All room for transactions that wait for a nonce is taken, and none may go for it. */
  | { readonly code: 'queue-full'; readonly slotsMax: number }
  /** So much of one sender may wait for a nonce before it. */
  | { readonly code: 'sender-queue-full'; readonly slotsMax: number }
  /** The account has code (EIP-7702): one transaction at a time, since its balance may go without a nonce. */
  | { readonly code: 'delegated-gap' }
  | { readonly code: 'delegated-limit' }

/** Thrown by the pool's `add`; the pool is as it was. */
export class PoolError extends NodeError<PoolFailure> {}

/** What the pool judges by of the head. */
export interface HeadLimits {
  readonly blockGasLimit: bigint
  /** Wei a unit of gas in the block after the head. */
  readonly baseFee: bigint
}

/** Throws PoolError unless the transaction could stand in a block of the head's, now or after others of its sender. */
export function assertAdmissible(
  { tx, sender }: PreparedTx,
  account: Account,
  head: HeadLimits | undefined
): void {
  const blockGasLimit = head?.blockGasLimit
  if (!isReplayProtected(tx)) throw new PoolError({ code: 'unprotected' })
  const shape = checkShape(tx, sender)
  if (shape !== undefined) throw new PoolError(shape)
  if (blockGasLimit !== undefined && tx.gasLimit > blockGasLimit) {
    throw new PoolError({ code: 'above-block-gas-limit', gasLimit: tx.gasLimit, blockGasLimit })
  }
  const tip = effectiveTip(tx, 0n)
  if (tip < TIP_MIN_WEI) throw new PoolError({ code: 'tip-too-low', tip, tipMin: TIP_MIN_WEI })
  if (tx.nonce < account.nonce) {
    throw new PoolError({ code: 'nonce-too-low', nonce: tx.nonce, expected: account.nonce })
  }
  const needed = mostCost(tx)
  if (account.balance < needed) {
    throw new PoolError({ code: 'insufficient-funds', balance: account.balance, cost: needed })
  }
}

/** Throws PoolError unless the balance pays for it and for what can run of its sender already. */
export function assertAffordable(
  { tx }: PreparedTx,
  { balance }: Account,
  queue: { costBeside(nonce: bigint): bigint }
): void {
  const cost = mostCost(tx)
  const queuedCost = queue.costBeside(tx.nonce)
  if (queuedCost + cost <= balance) return
  throw new PoolError({ code: 'funds-overshot', balance, queuedCost, cost })
}

/** Throws PoolError unless it is the one transaction that an account with code may have on its way. */
export function assertDelegatedOrder(
  { tx }: PreparedTx,
  account: Account,
  runnableCount: number
): void {
  if (account.codeHash === undefined) return
  if (tx.nonce === account.nonce) return // the first, or in place of the first
  throw new PoolError({ code: runnableCount === 0 ? 'delegated-gap' : 'delegated-limit' })
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
