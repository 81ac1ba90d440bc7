// What a sender must satisfy before its transaction may run (EIP-1559, EIP-3607, EIP-7623, EIP-7702).
import { getCalldataFloorGas } from '@ethereumjs/tx'
import { type Account, type Address } from '@ethereumjs/util'
import { type BlockEnvironment } from './block-context.ts'
import { type StateAdapter } from './state-adapter.ts'
import { feeCap, type ExecutableTx } from './transaction.ts'

/** Why a sender's transaction cannot run on this state. */
export type SenderFailure =
  | { readonly code: 'nonce-too-low'; readonly nonce: bigint; readonly expected: bigint }
  | { readonly code: 'nonce-too-high'; readonly nonce: bigint; readonly expected: bigint }
  | { readonly code: 'nonce-exhausted'; readonly nonce: bigint }
  | { readonly code: 'insufficient-funds'; readonly balance: bigint; readonly cost: bigint }
  | { readonly code: 'fee-cap-below-base-fee'; readonly feeCap: bigint; readonly baseFee: bigint }
  | { readonly code: 'tip-above-fee-cap'; readonly tip: bigint; readonly feeCap: bigint }
  | { readonly code: 'intrinsic-gas-too-low'; readonly gasLimit: bigint; readonly needed: bigint }
  | { readonly code: 'init-code-too-large'; readonly sizeBytes: number; readonly maxBytes: number }
  | { readonly code: 'sender-has-code' }
  | { readonly code: 'authorization-list-invalid'; readonly reason: string }

/** EIP-3860. */
export const INIT_CODE_MAX_BYTES = 49_152
/** EIP-2681. */
const NONCE_MAX = 2n ** 64n - 1n
const DELEGATION_PREFIX = [0xef, 0x01, 0x00] as const

/** Checks that need no state: sizes and gas. */
export function checkShape(tx: ExecutableTx, sender: Address): SenderFailure | undefined {
  if (tx.to === undefined && tx.data.length > INIT_CODE_MAX_BYTES) {
    return {
      code: 'init-code-too-large',
      sizeBytes: tx.data.length,
      maxBytes: INIT_CODE_MAX_BYTES
    }
  }
  const intrinsic = tx.getIntrinsicGas()
  const floor = getCalldataFloorGas(tx, sender)
  const needed = intrinsic > floor ? intrinsic : floor
  if (tx.gasLimit < needed) {
    return { code: 'intrinsic-gas-too-low', gasLimit: tx.gasLimit, needed }
  }
  if (tx.nonce >= NONCE_MAX) return { code: 'nonce-exhausted', nonce: tx.nonce }
  if ('maxPriorityFeePerGas' in tx && tx.maxPriorityFeePerGas > tx.maxFeePerGas) {
    const { maxPriorityFeePerGas: tip, maxFeePerGas } = tx
    return { code: 'tip-above-fee-cap', tip, feeCap: maxFeePerGas }
  }
  if ('authorizationList' in tx) {
    if (tx.to === undefined) {
      return { code: 'authorization-list-invalid', reason: 'a set-code transaction needs `to`' }
    }
    if (tx.authorizationList.length === 0) {
      return { code: 'authorization-list-invalid', reason: 'the list is empty' }
    }
  }
  return undefined
}

/** Checks against the block and the sender's account, in the order geth makes them. */
export async function checkSender({
  tx,
  sender,
  account,
  environment,
  state
}: {
  readonly tx: ExecutableTx
  readonly sender: Address
  readonly account: Account
  readonly environment: Pick<BlockEnvironment, 'baseFeePerGas'>
  readonly state: StateAdapter
}): Promise<SenderFailure | undefined> {
  const { nonce } = account
  if (tx.nonce < nonce) return { code: 'nonce-too-low', nonce: tx.nonce, expected: nonce }
  if (tx.nonce > nonce) return { code: 'nonce-too-high', nonce: tx.nonce, expected: nonce }
  const shape = checkShape(tx, sender)
  if (shape !== undefined) return shape
  if (account.isContract() && !isDelegation(await state.getCode(sender))) {
    return { code: 'sender-has-code' }
  }
  const cap = feeCap(tx)
  if (cap < environment.baseFeePerGas) {
    return { code: 'fee-cap-below-base-fee', feeCap: cap, baseFee: environment.baseFeePerGas }
  }
  const cost = tx.value + tx.gasLimit * cap
  if (account.balance < cost) {
    return { code: 'insufficient-funds', balance: account.balance, cost }
  }
  return undefined
}

/** True for the code of an account that delegates (EIP-7702). */
export function isDelegation(code: Uint8Array): boolean {
  return DELEGATION_PREFIX.every((byte, index) => code[index] === byte)
}
