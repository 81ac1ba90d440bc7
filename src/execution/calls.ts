// Calls that leave no trace: eth_call and eth_estimateGas on the state of one block.
import { type Common } from '@ethereumjs/common'
import { type EVM } from '@ethereumjs/evm'
import { createTx, getCalldataFloorGas } from '@ethereumjs/tx'
import { Address } from '@ethereumjs/util'
import { hexToBytes, type Hex } from '../base/bytes.ts'
import { systemClock } from '../base/clock.ts'
import { SerialExecutor } from '../base/serial.ts'
import { createYielder } from '../base/yielder.ts'
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

/** One call may hold the node up for so long; geth's RPC gives it as much. */
const CALL_TIME_MAX_MS = 5_000
const OUT_OF_TIME = `execution aborted (timeout = ${String(CALL_TIME_MAX_MS / 1_000)}s)`
/** Calls run one after the other, beside the blocks; so many may wait. */
const CALLS_WAITING_MAX = 64
/** Steps of the EVM between two looks at the clock. */
const STEPS_PER_LOOK = 64

/** Where a call runs, and until when. */
interface CallSite {
  readonly block: Block
  readonly view: StateView
  readonly deadlineMs: number
}

/** Thrown out of the EVM, which would go on until its gas is used up. */
class OutOfTime extends Error {}

/** Runs calls on any view, one at a time, with turns of the event loop in between. One per node. */
export class CallRunner {
  readonly #common: Common
  readonly #blockHashes: BlockHashes
  readonly #turns = new SerialExecutor('calls', CALLS_WAITING_MAX)

  constructor(common: Common, blockHashes: BlockHashes) {
    this.#common = common
    this.#blockHashes = blockHashes
  }

  /** Balance is not needed: the call is made as if the sender could pay. */
  async call(request: CallRequest, block: Block, view: StateView): Promise<CallOutcome> {
    const gas = smallest(request.gas ?? CALL_GAS_MAX, CALL_GAS_MAX)
    return this.#turns.run(() => this.#run(request, { block, view, deadlineMs: deadline() }, gas))
  }

  /** The least gas limit that succeeds, up to 1/64 above it. */
  async estimateGas(request: CallRequest, block: Block, view: StateView): Promise<EstimateOutcome> {
    return this.#turns.run(() => this.#searchGas(request, { block, view, deadlineMs: deadline() }))
  }

  async #searchGas(request: CallRequest, site: CallSite): Promise<EstimateOutcome> {
    const { gasLimit } = site.block.header
    let high = smallest(request.gas ?? gasLimit, gasLimit)
    const first = await this.#run(request, site, high)
    if (first.kind !== 'returned') return first
    let low = first.gasUsed - 1n
    // Most calls need what they use, or a little more to leave a call its 63 of 64 parts: try that before halving.
    const guesses = [first.gasUsed, (first.gasUsed * 64n) / 63n + CALL_STIPEND]
    while (high - low > 1n && (high - low) * ESTIMATE_TOLERANCE > high) {
      const guess = guesses.shift()
      const isBetween = guess !== undefined && guess > low && guess < high
      const gas = isBetween ? guess : low + (high - low) / 2n
      const outcome = await this.#run(request, site, gas)
      if (outcome.kind === 'returned') high = gas
      else low = gas
    }
    return { kind: 'gas', gas: high }
  }

  async #run(
    request: CallRequest,
    { block: { header }, view, deadlineMs }: CallSite,
    gas: bigint
  ): Promise<CallOutcome> {
    const state = new StateAdapter(view)
    const evm = await createBlockEvm(
      { common: this.#common, state, blockHashes: this.#blockHashes },
      createYielder()
    )
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
    limitTime(evm, deadlineMs)
    const result = await endsInTime(
      evm.runCall({
        block: callBlock,
        caller,
        ...(to && { to }),
        value,
        data,
        gasLimit: gas - intrinsicGas,
        gasPrice: request.gasPrice ?? request.maxFeePerGas ?? 0n,
        skipBalance: true
      })
    )
    if (result === undefined) return { kind: 'failed', reason: OUT_OF_TIME }
    const { execResult } = result
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

function deadline(): number {
  return systemClock.monotonicMs() + CALL_TIME_MAX_MS
}

/** Lets the event loop turn while the EVM runs, and stops it when its time is over. */
function limitTime(evm: EVM, deadlineMs: number): void {
  const yielder = createYielder()
  let stepsCount = 0
  evm.events.on('step', (_, resolve) => {
    stepsCount += 1
    if (stepsCount % STEPS_PER_LOOK !== 0) {
      resolve?.()
      return
    }
    if (systemClock.monotonicMs() > deadlineMs) throw new OutOfTime(OUT_OF_TIME)
    const turn = yielder.maybeYield() ?? Promise.resolve()
    turn.then(
      () => resolve?.(),
      () => resolve?.()
    )
  })
}

/** Undefined when it was stopped for its time. */
async function endsInTime<T>(running: Promise<T>): Promise<T | undefined> {
  try {
    return await running
  } catch (thrown) {
    if (thrown instanceof OutOfTime) return undefined
    throw thrown
  }
}
