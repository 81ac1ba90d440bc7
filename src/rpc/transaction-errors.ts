// What the pool refuses, in geth's words, so that wallets and libraries know it.
import { PoolError, type PoolFailure } from '../execution/pool-admission.ts'
import { TransactionError } from '../execution/transaction.ts'
import { serverError } from './rpc-error.ts'

/** The error to answer with for a refused transaction; anything else is returned as it is. */
export function toTransactionError(thrown: unknown): unknown {
  if (thrown instanceof PoolError || thrown instanceof TransactionError) {
    return serverError(transactionMessage(thrown.failure))
  }
  return thrown
}

/** What it is refused for, in geth's words. */
export function transactionMessage(failure: PoolFailure): string {
  switch (failure.code) {
    case 'transaction-malformed':
      return `rlp: malformed transaction: ${failure.reason}`
    case 'transaction-type-unsupported':
      return `transaction type not supported: ${String(failure.type)} (${failure.name})`
    case 'transaction-wrong-chain':
      return `invalid chain id for signer: have ${failure.chainId.toString()} want ${failure.expected.toString()}`
    case 'transaction-signature-invalid':
      return `invalid sender: ${failure.reason}`
    case 'nonce-too-low':
      return `nonce too low: next nonce ${failure.expected.toString()}, tx nonce ${failure.nonce.toString()}`
    case 'nonce-too-high':
      return `nonce too high: next nonce ${failure.expected.toString()}, tx nonce ${failure.nonce.toString()}`
    case 'nonce-exhausted':
      return `nonce has max value: ${failure.nonce.toString()}`
    case 'insufficient-funds':
      return `insufficient funds for gas * price + value: balance ${failure.balance.toString()}, tx cost ${failure.cost.toString()}, overshot ${(failure.cost - failure.balance).toString()}`
    case 'funds-overshot': {
      const { balance, queuedCost, cost } = failure
      const overshot = queuedCost + cost - balance
      return `insufficient funds for gas * price + value: balance ${balance.toString()}, queued cost ${queuedCost.toString()}, tx cost ${cost.toString()}, overshot ${overshot.toString()}`
    }
    case 'unprotected':
      return 'only replay-protected (EIP-155) transactions allowed over RPC'
    case 'tip-too-low':
      return `transaction gas price below minimum: gas tip cap ${failure.tip.toString()}, minimum needed ${failure.tipMin.toString()}`
    case 'fee-cap-below-base-fee':
      return `max fee per gas less than block base fee: maxFeePerGas ${failure.feeCap.toString()}, baseFee ${failure.baseFee.toString()}`
    case 'tip-above-fee-cap':
      return `max priority fee per gas higher than max fee per gas: tip ${failure.tip.toString()}, cap ${failure.feeCap.toString()}`
    case 'intrinsic-gas-too-low':
      return `intrinsic gas too low: gas ${failure.gasLimit.toString()}, minimum needed ${failure.needed.toString()}`
    case 'init-code-too-large':
      return `max initcode size exceeded: code size ${String(failure.sizeBytes)}, limit ${String(failure.maxBytes)}`
    case 'sender-has-code':
      return 'sender not an eoa'
    case 'authorization-list-invalid':
      return `invalid authorization list: ${failure.reason}`
    case 'already-known':
      return 'already known'
    case 'replacement-underpriced':
      return `replacement transaction underpriced: at nonce ${failure.nonce.toString()}, fee cap must be at least ${failure.feeCap.toString()}`
    case 'transaction-too-large':
      return `oversized data: transaction size ${String(failure.sizeBytes)}, limit ${String(failure.maxBytes)}`
    case 'above-block-gas-limit':
      return `exceeds block gas limit: gas ${failure.gasLimit.toString()}, limit ${failure.blockGasLimit.toString()}`
    case 'execution-too-long':
      return `execution aborted: it takes longer than ${String(failure.timeMaxMs)} ms, and no block can hold it`
    case 'pool-full-underpriced':
      return `transaction underpriced: the pool is full (${String(failure.slotsMax)} slots) with ones that pay more; pay a higher tip, or send it later`
    case 'queue-full':
      return `txpool is full: ${String(failure.slotsMax)} slots of transactions that wait for a nonce; send the missing nonce first`
    case 'sender-queue-full':
      return `account limit exceeded: ${String(failure.slotsMax)} slots of one sender that wait for a nonce; send the missing nonce first`
    case 'delegated-gap':
      return 'gapped-nonce tx from delegated accounts'
    case 'delegated-limit':
      return 'in-flight transaction limit reached for delegated accounts'
  }
}
