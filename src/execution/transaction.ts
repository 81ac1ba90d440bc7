// Transactions in their EIP-2718 envelopes: decoded, checked for our chain, with their sender.
import { type Common } from '@ethereumjs/common'
import {
  type AccessList2930Tx,
  createTxFromRLP,
  type EOACode7702Tx,
  type FeeMarket1559Tx,
  type LegacyTx
} from '@ethereumjs/tx'
import { type Address } from '@ethereumjs/util'
import { bytesToHex, type Hex } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { errorMessage, NodeError } from '../base/node-error.ts'

/** The types we execute: 0 legacy, 1 access list, 2 fee market, 4 set code. */
export type ExecutableTx = LegacyTx | AccessList2930Tx | FeeMarket1559Tx | EOACode7702Tx

/** Why bytes are no transaction of ours. */
export type TransactionFailure =
  | { readonly code: 'transaction-malformed'; readonly reason: string }
  | { readonly code: 'transaction-type-unsupported'; readonly type: number; readonly name: string }
  | {
      readonly code: 'transaction-wrong-chain'
      readonly chainId: bigint
      readonly expected: bigint
    }
  | { readonly code: 'transaction-signature-invalid'; readonly reason: string }

/** Thrown when bytes do not decode to a transaction that may run here. */
export class TransactionError extends NodeError<TransactionFailure> {}

/** A transaction ready to run. */
export interface PreparedTx {
  readonly hash: Hex
  readonly raw: Uint8Array
  readonly tx: ExecutableTx
  readonly sender: Address
  readonly senderHex: Hex
}

const TYPE_NAMES: Readonly<Record<number, string>> = { 3: 'blob', 0x7e: 'deposit' }
const SUPPORTED_TYPES: readonly number[] = [1, 2, 4]
/** An RLP list starts here: a legacy transaction. */
const RLP_LIST = 0xc0

/** Decodes and recovers the sender, which takes most of the time. Throws TransactionError. */
export function prepareTransaction(raw: Uint8Array, common: Common): PreparedTx {
  const first = raw[0]
  if (first === undefined) {
    throw new TransactionError({ code: 'transaction-malformed', reason: 'it is empty' })
  }
  if (first < RLP_LIST && !SUPPORTED_TYPES.includes(first)) {
    const name = TYPE_NAMES[first] ?? 'unknown'
    throw new TransactionError({ code: 'transaction-type-unsupported', type: first, name })
  }
  const tx = decode(raw, common)
  const sender = recoverSender(tx)
  return {
    hash: bytesToHex(keccak256(raw)),
    raw,
    tx,
    sender,
    senderHex: sender.toString()
  }
}

/** The most it pays for a unit of gas, base fee included. */
export function feeCap(tx: ExecutableTx): bigint {
  return 'maxFeePerGas' in tx ? tx.maxFeePerGas : tx.gasPrice
}

/** What the fee recipient gets for a unit of gas; negative when the cap is below the base fee. */
export function effectiveTip(tx: ExecutableTx, baseFee: bigint): bigint {
  const room = feeCap(tx) - baseFee
  if (!('maxPriorityFeePerGas' in tx)) return room
  return tx.maxPriorityFeePerGas < room ? tx.maxPriorityFeePerGas : room
}

function decode(raw: Uint8Array, common: Common): ExecutableTx {
  let tx: ExecutableTx
  try {
    tx = createTxFromRLP(raw, { common, freeze: false }) as ExecutableTx
  } catch (thrown) {
    const reason = errorMessage(thrown)
    const chainId = /chain ?id.*?(\d+)/i.exec(reason)?.[1]
    if (/chain ?id/i.test(reason)) {
      throw new TransactionError(
        {
          code: 'transaction-wrong-chain',
          chainId: BigInt(chainId ?? 0),
          expected: common.chainId()
        },
        { cause: thrown }
      )
    }
    throw new TransactionError({ code: 'transaction-malformed', reason }, { cause: thrown })
  }
  const legacyChainId = tx.type === 0 ? chainIdOfV(tx.v) : undefined
  if (legacyChainId !== undefined && legacyChainId !== common.chainId()) {
    throw new TransactionError({
      code: 'transaction-wrong-chain',
      chainId: legacyChainId,
      expected: common.chainId()
    })
  }
  return tx
}

/** The chain id in a legacy transaction's v (EIP-155); undefined without replay protection. */
function chainIdOfV(v: bigint | undefined): bigint | undefined {
  return v === undefined || v < 35n ? undefined : (v - 35n) / 2n
}

function recoverSender(tx: ExecutableTx): Address {
  try {
    return tx.getSenderAddress()
  } catch (thrown) {
    const reason = errorMessage(thrown)
    throw new TransactionError({ code: 'transaction-signature-invalid', reason }, { cause: thrown })
  }
}
