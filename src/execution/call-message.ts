// A call with its defaults, and where it runs; what it costs ahead of its first opcode (go-ethereum: ethapi.TransactionArgs, core.Message).
import { type Common } from '@ethereumjs/common'
import { createLegacyTx, getCalldataFloorGas } from '@ethereumjs/tx'
import { Address } from '@ethereumjs/util'
import { hexToBytes, type Hex } from '../base/bytes.ts'
import { type Yielder } from '../base/yielder.ts'
import { type BlockHashes, type EvmBlockFields } from './block-context.ts'
import { type EvmWatches } from './block-evm.ts'
import { overrideBlock, overrideState } from './call-overrides.ts'
import { CallRefused, type CallRequest } from './call-request.ts'
import { transactionRules } from './evm-rules.ts'
import { StateAdapter, type StateReader } from './state-adapter.ts'

/** Where a call runs. The yielder ends it by what it throws. */
export interface CallSite extends Pick<EvmWatches, 'trace'> {
  readonly common: Common
  readonly header: EvmBlockFields
  readonly view: StateReader
  readonly blockHashes: BlockHashes
  readonly yielder: Yielder
}

/** A call with its defaults; the header is the overridden one. */
export interface CallMessage {
  readonly request: CallRequest
  readonly site: CallSite
  readonly header: EvmBlockFields
  readonly from: Address
  readonly to: Address | undefined
  readonly value: bigint
  readonly data: Uint8Array
  /** What a unit of gas is paid with; zero where no price is named, and then nothing is paid. */
  readonly gasPrice: bigint
  readonly feeCap: bigint
  readonly tipCap: bigint
}

/** Gas of a call that does not depend on what it does. */
export interface CallPrices {
  /** Ahead of the first opcode. */
  readonly intrinsicGas: bigint
  /** The least that is paid in all (EIP-7623). */
  readonly floor: bigint
}

/** Most gas a call may use, whatever it asks for: geth's --rpc.gascap. */
export const CALL_GAS_MAX = 50_000_000n
/** PER_EMPTY_ACCOUNT_COST of EIP-7702. */
export const AUTHORIZATION_GAS = 25_000n
/** EIP-2930. */
const ACCESS_LIST_ADDRESS_GAS = 2_400n
const ACCESS_LIST_SLOT_GAS = 1_900n
/** EIP-4844. */
const GAS_PER_BLOB = 131_072n
/** What OP Stack headers give, whose excess blob gas is zero. */
const BLOB_BASE_FEE = 1n
const NOBODY: Hex = '0x0000000000000000000000000000000000000000'

/** Fills in defaults as CallDefaults and ToMessage do. Throws CallRefused for fields that exclude each other. */
export function toMessage(request: CallRequest, site: CallSite): CallMessage {
  const { gasPrice: price, maxFeePerGas, maxPriorityFeePerGas, chainId } = request
  if (price !== undefined && (maxFeePerGas !== undefined || maxPriorityFeePerGas !== undefined)) {
    throw new CallRefused('both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified')
  }
  const expected = site.common.chainId()
  if (chainId !== undefined && chainId !== expected) {
    throw new CallRefused(
      `chainId does not match node's (have=${String(chainId)}, want=${String(expected)})`
    )
  }
  const header = overrideBlock(site.header, request.blockOverrides)
  const feeCap = price ?? maxFeePerGas ?? 0n
  const tipCap = price ?? maxPriorityFeePerGas ?? 0n
  const isFree = feeCap === 0n && tipCap === 0n
  const gasPrice = price ?? (isFree ? 0n : smaller(tipCap + header.baseFeePerGas, feeCap))
  return {
    ...{ request, site, feeCap, tipCap, gasPrice },
    // A base fee above what is paid would break the EVM's rules; geth takes it away.
    header: gasPrice === 0n ? { ...header, baseFeePerGas: 0n } : header,
    from: new Address(hexToBytes(request.from ?? NOBODY)),
    to: request.to === undefined ? undefined : new Address(hexToBytes(request.to)),
    value: request.value ?? 0n,
    data: hexToBytes(request.input ?? request.data ?? '0x')
  }
}

/** The gas that the call has. */
export function gasLimitOf({ gas }: CallRequest): bigint {
  return gas === undefined ? CALL_GAS_MAX : smaller(gas, CALL_GAS_MAX)
}

/** The state that the message starts from, overrides applied. Throws CallRefused as they do. */
export async function openState({ request, site }: CallMessage): Promise<StateAdapter> {
  const state = new StateAdapter(site.view)
  await overrideState(state, request.stateOverrides ?? [])
  return state
}

/** Prices of what the call carries. */
export function intrinsicGasOf({ request, site, from, to, data }: CallMessage): CallPrices {
  // The lists have their prices beside: the library's types that carry them want fees and a signature's shape too.
  const tx = createLegacyTx(
    { ...(to && { to }), data },
    { common: transactionRules(site.common), freeze: false, allowUnlimitedInitCodeSize: true }
  )
  const { accessList = [], authorizationList = [] } = request
  const slotsCount = accessList.reduce((sum, { storageKeys }) => sum + storageKeys.length, 0)
  const lists =
    BigInt(accessList.length) * ACCESS_LIST_ADDRESS_GAS +
    BigInt(slotsCount) * ACCESS_LIST_SLOT_GAS +
    BigInt(authorizationList.length) * AUTHORIZATION_GAS
  return { intrinsicGas: tx.getIntrinsicGas() + lists, floor: getCalldataFloorGas(tx, from) }
}

/** The gas of its blobs, which is paid for beside. */
export function blobGasOf({ request }: CallMessage): bigint {
  return BigInt(request.blobVersionedHashes?.length ?? 0) * GAS_PER_BLOB
}

/** What a unit of blob gas costs; zero for a call that names blobs and no price for them. */
export function blobBaseFeeOf({ request }: CallMessage): bigint {
  const { blobVersionedHashes, maxFeePerBlobGas, blockOverrides } = request
  const cap = maxFeePerBlobGas ?? (blobVersionedHashes && 0n)
  return cap === 0n ? 0n : (blockOverrides?.blobBaseFee ?? BLOB_BASE_FEE)
}

/** The smaller of two. */
export function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
