// Why a call cannot begin, in the words and the order of go-ethereum (core, stateTransition.preCheck, buyGas and execute).
import { toChecksumAddress } from '@ethereumjs/util'
import { hexToBytes } from '../base/bytes.ts'
import { blobBaseFeeOf, blobGasOf, type CallMessage, type CallPrices } from './call-message.ts'
import { INIT_CODE_MAX_BYTES } from './sender-check.ts'
import { type StateAdapter } from './state-adapter.ts'

/** What ApplyMessage of geth returns as an error. */
export interface MessageRefusal {
  readonly kind: 'refused'
  readonly reason: string
  /** More gas may help; no other reason depends on it. */
  readonly isGasTooLow: boolean
}

/** What a call begins with. */
export interface CallMeans {
  readonly gas: bigint
  readonly prices: CallPrices
  readonly state: StateAdapter
}

const LIMIT_256 = 1n << 256n
const BLOB_HASH_VERSION = 0x01

/** Undefined when it may begin. A call is not held to its sender's nonce and code. */
export async function checkMessage(
  message: CallMessage,
  means: CallMeans
): Promise<MessageRefusal | undefined> {
  const sender = toChecksumAddress(message.from.toString())
  const failure =
    feeFailure(message, sender) ??
    blobFailure(message, sender) ??
    shapeFailure(message, sender) ??
    (await fundsFailure(message, means, sender))
  return failure === undefined ? gasFailure(means) : refused(failure)
}

function feeFailure(message: CallMessage, sender: string): string | undefined {
  const { feeCap, tipCap, header } = message
  if (feeCap === 0n && tipCap === 0n) return undefined
  if (feeCap < tipCap) {
    return `max priority fee per gas higher than max fee per gas: address ${sender}, maxPriorityFeePerGas: ${String(tipCap)}, maxFeePerGas: ${String(feeCap)}`
  }
  if (feeCap >= header.baseFeePerGas) return undefined
  return `max fee per gas less than block base fee: address ${sender}, maxFeePerGas: ${String(feeCap)}, baseFee: ${String(header.baseFeePerGas)}`
}

function blobFailure(message: CallMessage, sender: string): string | undefined {
  const { blobVersionedHashes: hashes, maxFeePerBlobGas: cap = 0n } = message.request
  if (hashes === undefined) return undefined
  if (message.to === undefined) return 'blob transaction of type create'
  if (hashes.length === 0) return 'blob transaction missing blob hashes'
  const wrong = hashes.findIndex((hash) => hexToBytes(hash)[0] !== BLOB_HASH_VERSION)
  if (wrong >= 0) return `blob ${String(wrong)} has invalid hash version`
  const price = blobBaseFeeOf(message)
  if (cap >= price) return undefined
  return `max fee per blob gas less than block blob gas fee: address ${sender} blobGasFeeCap: ${String(cap)}, blobBaseFee: ${String(price)}`
}

function shapeFailure({ request, to, data }: CallMessage, sender: string): string | undefined {
  const { authorizationList } = request
  if (authorizationList !== undefined && to === undefined) {
    return `EIP-7702 transaction cannot be used to create contract (sender ${sender})`
  }
  if (authorizationList?.length === 0) {
    return `EIP-7702 transaction with empty auth list (sender ${sender})`
  }
  if (to !== undefined || data.length <= INIT_CODE_MAX_BYTES) return undefined
  return `max initcode size exceeded: code size ${String(data.length)} limit ${String(INIT_CODE_MAX_BYTES)}`
}

async function fundsFailure(
  message: CallMessage,
  { gas, state }: CallMeans,
  sender: string
): Promise<string | undefined> {
  const { request, from, value, feeCap } = message
  const blobs = blobGasOf(message) * (request.maxFeePerBlobGas ?? 0n)
  const want = gas * feeCap + value + blobs
  const short = `insufficient funds for gas * price + value: address ${sender}`
  if (want >= LIMIT_256) return `${short} required balance exceeds 256 bits`
  const have = (await state.getAccount(from))?.balance ?? 0n
  return have < want ? `${short} have ${String(have)} want ${String(want)}` : undefined
}

function gasFailure({ gas, prices }: CallMeans): MessageRefusal | undefined {
  const { intrinsicGas, floor } = prices
  const have = `have ${String(gas)}, want`
  if (gas < intrinsicGas) {
    const reason = `intrinsic gas too low: ${have} ${String(intrinsicGas)}`
    return { kind: 'refused', reason, isGasTooLow: true }
  }
  if (gas >= floor) return undefined
  return refused(`insufficient gas for floor data gas cost: ${have} ${String(floor)}`)
}

function refused(reason: string): MessageRefusal {
  return { kind: 'refused', reason, isGasTooLow: false }
}
