// Transactions in their EIP-2718 envelopes: decoded, checked for our chain, with their sender.
import { type Common } from '@ethereumjs/common'
import { RLP } from '@ethereumjs/rlp'
import {
  type AccessList2930Tx,
  createTxFromRLP,
  type EOACode7702Tx,
  type FeeMarket1559Tx,
  type LegacyTx
} from '@ethereumjs/tx'
import { type Address } from '@ethereumjs/util'
import { bytesToBigint, bytesToHex, type Hex } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { errorMessage, NodeError } from '../base/node-error.ts'
import { findShapeFault, type RlpShape } from '../trie/rlp-shape.ts'
import { transactionRules } from './evm-rules.ts'

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
/** A transaction, its access list, an entry of it, the keys of that; an authorization takes 27 bytes for seven items. */
const SHAPE: RlpShape = { depthMax: 4, bytesPerItemMin: 3 }
/** A longer integer is no chain id, and would fill logs and answers. */
const CHAIN_ID_BYTES_MAX = 32
/** An RLP list starts here: a legacy transaction. */
const RLP_LIST = 0xc0
/** The v of a legacy transaction is this, twice the chain id, and the parity (EIP-155). */
const EIP155_BASE = 35n

/** Decodes and recovers the sender, which takes most of the time, unless it is known. Throws TransactionError. */
export function prepareTransaction(
  raw: Uint8Array,
  common: Common,
  known?: Pick<PreparedTx, 'hash' | 'sender'>
): PreparedTx {
  const first = raw[0]
  if (first === undefined) {
    throw new TransactionError({ code: 'transaction-malformed', reason: 'it is empty' })
  }
  if (first < RLP_LIST && !SUPPORTED_TYPES.includes(first)) {
    const name = TYPE_NAMES[first] ?? 'unknown'
    throw new TransactionError({ code: 'transaction-type-unsupported', type: first, name })
  }
  const fault = findShapeFault(first < RLP_LIST ? raw.subarray(1) : raw, SHAPE)
  if (fault !== undefined) {
    throw new TransactionError({ code: 'transaction-malformed', reason: fault })
  }
  const tx = decode(raw, common)
  const sender = known?.sender ?? recoverSender(tx)
  return {
    hash: known?.hash ?? bytesToHex(keccak256(raw)),
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

/** False for a legacy transaction without a chain id (before EIP-155), which runs on any chain. */
export function isReplayProtected({ type, v }: ExecutableTx): boolean {
  return type !== 0 || (v !== 27n && v !== 28n)
}

/** What the fee recipient gets for a unit of gas; negative when the cap is below the base fee. */
export function effectiveTip(tx: ExecutableTx, baseFee: bigint): bigint {
  const room = feeCap(tx) - baseFee
  if (!('maxPriorityFeePerGas' in tx)) return room
  return tx.maxPriorityFeePerGas < room ? tx.maxPriorityFeePerGas : room
}

function decode(raw: Uint8Array, common: Common): ExecutableTx {
  try {
    // Init code that is too large decodes; the checks of its shape name it.
    const rules = transactionRules(common)
    const options = { common: rules, freeze: false, allowUnlimitedInitCodeSize: true }
    return createTxFromRLP(raw, options) as ExecutableTx
  } catch (thrown) {
    const chainId = namedChainId(raw)
    const expected = common.chainId()
    const failure: TransactionFailure =
      chainId !== undefined && chainId !== expected
        ? { code: 'transaction-wrong-chain', chainId, expected }
        : { code: 'transaction-malformed', reason: errorMessage(thrown) }
    throw new TransactionError(failure, { cause: thrown })
  }
}

/** The chain that the bytes are for; undefined without replay protection (EIP-155), or when they are no list. */
function namedChainId(raw: Uint8Array): bigint | undefined {
  const isLegacy = (raw[0] ?? 0) >= RLP_LIST
  let fields: unknown
  try {
    fields = RLP.decode(isLegacy ? raw : raw.subarray(1))
  } catch {
    return undefined // then it is malformed, which the caller says
  }
  const field: unknown = Array.isArray(fields) ? fields[isLegacy ? 6 : 0] : undefined
  if (!(field instanceof Uint8Array) || field.length > CHAIN_ID_BYTES_MAX) return undefined
  const value = bytesToBigint(field)
  if (!isLegacy) return value
  return value < EIP155_BASE ? undefined : (value - EIP155_BASE) / 2n
}

function recoverSender(tx: ExecutableTx): Address {
  try {
    return tx.getSenderAddress()
  } catch (thrown) {
    const reason = errorMessage(thrown)
    throw new TransactionError({ code: 'transaction-signature-invalid', reason }, { cause: thrown })
  }
}
