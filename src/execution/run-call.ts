// One call on the state of a block, and the search for the gas that suffices for it; no trace is left.
import { type Common } from '@ethereumjs/common'
import { createTx, getCalldataFloorGas } from '@ethereumjs/tx'
import { Address } from '@ethereumjs/util'
import { hexToBytes, type Hex } from '../base/bytes.ts'
import { type Yielder } from '../base/yielder.ts'
import { type BlockHeader } from '../chain/blocks/block.ts'
import { type BlockHashes, createBlockEvm, evmBlock, warmFromStart } from './block-context.ts'
import { type CallFrames } from './call-frames.ts'
import { transactionRules } from './evm-rules.ts'
import { gasAfterRefund } from './run-transaction.ts'
import { StateAdapter, type StateReader } from './state-adapter.ts'

/** A call's fields, all but the target optional; an absent target creates a contract. */
export interface CallRequest {
  readonly from?: Hex | undefined
  readonly to?: Hex | null | undefined
  readonly gas?: bigint | undefined
  readonly gasPrice?: bigint | undefined
  readonly maxFeePerGas?: bigint | undefined
  readonly value?: bigint | undefined
  readonly data?: Hex | undefined
  readonly input?: Hex | undefined
}

/** How a call ended. `failed` is an exception of the EVM, or too little gas to begin with. */
export type CallOutcome =
  | { readonly kind: 'returned'; readonly data: Uint8Array; readonly gasUsed: bigint }
  | { readonly kind: 'reverted'; readonly data: Uint8Array }
  | { readonly kind: 'failed'; readonly reason: string }

/** The gas that suffices, or how the call fails whatever it gets. */
export type EstimateOutcome =
  | { readonly kind: 'gas'; readonly gas: bigint }
  | Exclude<CallOutcome, { readonly kind: 'returned' }>

/** The header fields that a call reads. */
export type CallHeader = Pick<
  BlockHeader,
  'number' | 'feeRecipient' | 'timestamp' | 'prevRandao' | 'gasLimit' | 'baseFeePerGas'
>

/** Where a call runs. The yielder ends it by what it throws. */
export interface CallSite {
  readonly common: Common
  readonly header: CallHeader
  readonly view: StateReader
  readonly blockHashes: BlockHashes
  readonly yielder: Yielder
  /** Hears of the frames of the call. */
  readonly trace?: CallFrames | undefined
}

/** Most gas a call may use, whatever it asks for. */
export const CALL_GAS_MAX = 50_000_000n
/** An estimate may lie above the least gas by this part: 1/64. */
const ESTIMATE_TOLERANCE = 64n
/** What a call with value is given on top. */
const CALL_STIPEND = 2_300n
const NOBODY: Hex = '0x0000000000000000000000000000000000000000'

/** Balance is not needed: the call is made as if the sender could pay. */
export async function runCall(
  request: CallRequest,
  site: CallSite,
  gas = smallest(request.gas ?? CALL_GAS_MAX, CALL_GAS_MAX)
): Promise<CallOutcome> {
  const { common, header, view, blockHashes, yielder, trace } = site
  const state = new StateAdapter(view)
  const evm = await createBlockEvm({ common, state, blockHashes, trace }, yielder)
  const caller = new Address(hexToBytes(request.from ?? NOBODY))
  const to = request.to ? new Address(hexToBytes(request.to)) : undefined
  const data = hexToBytes(request.data ?? request.input ?? '0x')
  const value = request.value ?? 0n
  const tx = createTx(
    { ...(to && { to }), data, value, gasLimit: gas },
    { common: transactionRules(common) }
  )
  const intrinsicGas = tx.getIntrinsicGas()
  const floor = getCalldataFloorGas(tx, caller)
  if (gas < intrinsicGas || gas < floor) return { kind: 'failed', reason: 'intrinsic gas too low' }
  const block = evmBlock(header)
  warmFromStart(evm, [caller, to, block.header.coinbase])
  trace?.open({ gasLimit: gas, logIndex: 0 })
  const { execResult } = await evm.runCall({
    block,
    caller,
    ...(to && { to }),
    value,
    data,
    gasLimit: gas - intrinsicGas,
    gasPrice: request.gasPrice ?? request.maxFeePerGas ?? 0n,
    skipBalance: true
  })
  const { exceptionError, returnValue, executionGasUsed, gasRefund: refund = 0n } = execResult
  trace?.close(gasAfterRefund({ spent: executionGasUsed + intrinsicGas, refund, floor }))
  if (exceptionError === undefined) {
    const used = executionGasUsed + intrinsicGas
    return { kind: 'returned', data: returnValue, gasUsed: used > floor ? used : floor }
  }
  if (exceptionError.error === 'revert') return { kind: 'reverted', data: returnValue }
  return { kind: 'failed', reason: exceptionError.error }
}

/** The least gas limit that succeeds, up to 1/64 above it. */
export async function searchGas(request: CallRequest, site: CallSite): Promise<EstimateOutcome> {
  const { gasLimit } = site.header
  let high = smallest(request.gas ?? gasLimit, gasLimit)
  const first = await runCall(request, site, high)
  if (first.kind !== 'returned') return first
  let low = first.gasUsed - 1n
  // Most calls need what they use, or a little more to leave a call its 63 of 64 parts: try that before halving.
  const guesses = [first.gasUsed, (first.gasUsed * 64n) / 63n + CALL_STIPEND]
  while (high - low > 1n && (high - low) * ESTIMATE_TOLERANCE > high) {
    const guess = guesses.shift()
    const isBetween = guess !== undefined && guess > low && guess < high
    const gas = isBetween ? guess : low + (high - low) / 2n
    const outcome = await runCall(request, site, gas)
    if (outcome.kind === 'returned') high = gas
    else low = gas
  }
  return { kind: 'gas', gas: high }
}

function smallest(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
