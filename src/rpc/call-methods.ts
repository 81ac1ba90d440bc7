// eth_ methods that run a call on a state: eth_call, eth_estimateGas, eth_createAccessList.
import { bytesToHex, hexQuantity } from '../base/bytes.ts'
import { type AccessListOutcome } from '../execution/access-list.ts'
import { type CallRequest } from '../execution/call-request.ts'
import { revertReason } from '../execution/revert-reason.ts'
import { type CallOutcome, type EstimateOutcome } from '../execution/run-call.ts'
import { type BlockSources, requireState } from './block-resolution.ts'
import {
  blockOverrideParam,
  callParam,
  stateOverrideParam,
  supportedBlockOverrides
} from './call-params.ts'
import { BLOB_BASE_FEE_WEI, SUGGESTED_TIP_WEI } from './fee-methods.ts'
import { JsonItems } from './json-encode.ts'
import { type RpcMethod } from './json-rpc.ts'
import { optionalBlockParam, parseParams } from './params.ts'
import { type RpcCalls, type RpcState } from './ports.ts'
import { RPC_CODES, RpcError, serverError } from './rpc-error.ts'

/** Of a reason in a message; the data of the error has all of it. */
const REASON_MAX_CHARS = 4_096

/** What the methods read from. */
export interface CallMethodDeps extends BlockSources {
  readonly state: RpcState
  readonly calls: RpcCalls
}

/** The methods by name. */
export function callMethods(deps: CallMethodDeps): Record<string, RpcMethod> {
  const { calls } = deps
  return {
    async eth_call(params, { signal }) {
      const { request, at } = readCall(deps, params)
      const outcome = await calls.call(request, at.block, at.view, signal)
      if (outcome.kind === 'returned') return bytesToHex(outcome.data)
      throw callError(outcome)
    },
    async eth_estimateGas(params, { signal }) {
      const { request, at } = readCall(deps, params)
      const outcome = await calls.estimateGas(request, at.block, at.view, signal)
      if (outcome.kind === 'gas') return hexQuantity(outcome.gas)
      throw callError(outcome)
    },
    async eth_createAccessList(params, { signal }) {
      const [call, block, stateOverrides] = parseParams(params, [
        callParam,
        optionalBlockParam,
        stateOverrideParam
      ])
      const at = requireState(deps, block)
      const request = withFees({ ...call, stateOverrides }, at.block.header.baseFeePerGas)
      const outcome = await calls.createAccessList(request, at.block, at.view, signal)
      if (outcome.kind === 'failed') throw serverError(outcome.reason)
      return formatAccessList(outcome)
    }
  }
}

/** A call with its overrides, and the state that it runs on. Throws RpcError. */
function readCall(deps: CallMethodDeps, params: readonly unknown[]) {
  const [call, block, stateOverrides, header] = parseParams(params, [
    callParam,
    optionalBlockParam,
    stateOverrideParam,
    blockOverrideParam
  ])
  const blockOverrides = supportedBlockOverrides(header)
  const request: CallRequest = { ...call, stateOverrides, blockOverrides }
  return { request, at: requireState(deps, block) }
}

/** What a transaction would pay that names no fees: setFeeDefaults of geth's TransactionArgs. Throws RpcError. */
function withFees(request: CallRequest, baseFee: bigint): CallRequest {
  const { gasPrice, maxFeePerGas, maxPriorityFeePerGas, maxFeePerBlobGas } = request
  if (maxFeePerBlobGas === 0n) {
    throw serverError('maxFeePerBlobGas, if specified, must be non-zero')
  }
  const blobs = request.blobVersionedHashes && {
    maxFeePerBlobGas: maxFeePerBlobGas ?? 2n * BLOB_BASE_FEE_WEI
  }
  if (gasPrice !== undefined) {
    if (maxFeePerGas !== undefined || maxPriorityFeePerGas !== undefined) {
      throw serverError('both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified')
    }
    if (request.authorizationList !== undefined) {
      throw serverError('both gasPrice and authorizationList specified')
    }
    if (gasPrice === 0n) throw serverError('gasPrice must be non-zero after london fork')
    return { ...request, ...blobs }
  }
  if (maxFeePerGas === 0n && maxPriorityFeePerGas !== undefined) {
    throw serverError('maxFeePerGas must be non-zero')
  }
  const tip = maxPriorityFeePerGas ?? SUGGESTED_TIP_WEI
  const cap = maxFeePerGas ?? tip + 2n * baseFee
  if (cap < tip) {
    throw serverError(
      `maxFeePerGas (${hexQuantity(cap)}) < maxPriorityFeePerGas (${hexQuantity(tip)})`
    )
  }
  return { ...request, ...blobs, maxFeePerGas: cap, maxPriorityFeePerGas: tip }
}

function formatAccessList({
  accessList,
  gasUsed,
  error
}: Extract<AccessListOutcome, { readonly kind: 'list' }>) {
  const entries = accessList.map(({ address, storageKeys }) => {
    return { address, storageKeys: new JsonItems(storageKeys) }
  })
  return {
    accessList: new JsonItems(entries),
    ...(error !== undefined && { error }),
    gasUsed: hexQuantity(gasUsed)
  }
}

/** geth's form: a revert carries what the contract returned, and its reason in words where it has one. */
function callError(
  outcome: Exclude<CallOutcome | EstimateOutcome, { readonly kind: 'returned' | 'gas' }>
): RpcError {
  if (outcome.kind === 'failed') return serverError(outcome.reason)
  const reason = revertReason(outcome.data)?.slice(0, REASON_MAX_CHARS)
  const message = reason === undefined ? 'execution reverted' : `execution reverted: ${reason}`
  return new RpcError(RPC_CODES.reverted, message, bytesToHex(outcome.data))
}
