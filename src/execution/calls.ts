// Calls that leave no trace: eth_call and eth_estimateGas on the state of one block.
import { type Common } from '@ethereumjs/common'
import { createTx, getCalldataFloorGas } from '@ethereumjs/tx'
import { Address } from '@ethereumjs/util'
import { hexToBytes, type Hex } from '../base/bytes.ts'
import { type Block } from '../chain/block.ts'
import { type StateView } from '../state/state-view.ts'
import { type BlockHashes, createBlockEvm, evmBlock, warmFromStart } from './block-context.ts'
import { StateAdapter } from './state-adapter.ts'

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

/** How a call ended. */
export type CallOutcome =
  | { readonly kind: 'returned'; readonly data: Uint8Array; readonly gasUsed: bigint }
  | { readonly kind: 'reverted'; readonly data: Uint8Array }
  | { readonly kind: 'failed'; readonly reason: string }

/** The gas that suffices, or how the call fails whatever it gets. */
export type EstimateOutcome =
  | { readonly kind: 'gas'; readonly gas: bigint }
  | Exclude<CallOutcome, { readonly kind: 'returned' }>

/** Most gas a call may use, whatever it asks for. */
export const CALL_GAS_MAX = 50_000_000n
/** An estimate may lie above the least gas by this part: 1/64. */
const ESTIMATE_TOLERANCE = 64n
/** What a call with value is given on top. */
const CALL_STIPEND = 2_300n
const NOBODY: Hex = '0x0000000000000000000000000000000000000000'

/** Runs calls on any view. One per node. */
export class CallRunner {
  readonly #common: Common
  readonly #blockHashes: BlockHashes

  constructor(common: Common, blockHashes: BlockHashes) {
    this.#common = common
    this.#blockHashes = blockHashes
  }

  /** Balance is not needed: the call is made as if the sender could pay. */
  async call(request: CallRequest, block: Block, view: StateView): Promise<CallOutcome> {
    const gas = smallest(request.gas ?? CALL_GAS_MAX, CALL_GAS_MAX)
    return this.#run(request, block, view, gas)
  }

  /** The least gas limit that succeeds, up to 1/64 above it. */
  async estimateGas(request: CallRequest, block: Block, view: StateView): Promise<EstimateOutcome> {
    let high = smallest(request.gas ?? block.header.gasLimit, block.header.gasLimit)
    const first = await this.#run(request, block, view, high)
    if (first.kind !== 'returned') return first
    let low = first.gasUsed - 1n
    // Most calls need what they use, or a little more to leave a call its 63 of 64 parts: try that before halving.
    const guesses = [first.gasUsed, (first.gasUsed * 64n) / 63n + CALL_STIPEND]
    while (high - low > 1n && (high - low) * ESTIMATE_TOLERANCE > high) {
      const guess = guesses.shift()
      const isBetween = guess !== undefined && guess > low && guess < high
      const gas = isBetween ? guess : low + (high - low) / 2n
      const outcome = await this.#run(request, block, view, gas)
      if (outcome.kind === 'returned') high = gas
      else low = gas
    }
    return { kind: 'gas', gas: high }
  }

  async #run(
    request: CallRequest,
    block: Block,
    view: StateView,
    gas: bigint
  ): Promise<CallOutcome> {
    const { header } = block
    const state = new StateAdapter(view)
    const evm = await createBlockEvm(this.#common, state, this.#blockHashes)
    const caller = new Address(hexToBytes(request.from ?? NOBODY))
    const to = request.to ? new Address(hexToBytes(request.to)) : undefined
    const data = hexToBytes(request.data ?? request.input ?? '0x')
    const value = request.value ?? 0n
    const common = this.#common
    const tx = createTx({ ...(to && { to }), data, value, gasLimit: gas }, { common })
    const intrinsicGas = tx.getIntrinsicGas()
    const floor = getCalldataFloorGas(tx, caller)
    if (gas < intrinsicGas || gas < floor)
      return { kind: 'failed', reason: 'intrinsic gas too low' }
    const callBlock = evmBlock(header)
    warmFromStart(evm, [caller, to, callBlock.header.coinbase])
    const { execResult } = await evm.runCall({
      block: callBlock,
      caller,
      ...(to && { to }),
      value,
      data,
      gasLimit: gas - intrinsicGas,
      gasPrice: request.gasPrice ?? request.maxFeePerGas ?? 0n,
      skipBalance: true
    })
    const { exceptionError, returnValue, executionGasUsed } = execResult
    if (exceptionError === undefined) {
      const used = executionGasUsed + intrinsicGas
      return { kind: 'returned', data: returnValue, gasUsed: used > floor ? used : floor }
    }
    if (exceptionError.error === 'revert') return { kind: 'reverted', data: returnValue }
    return { kind: 'failed', reason: exceptionError.error }
  }
}

function smallest(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
