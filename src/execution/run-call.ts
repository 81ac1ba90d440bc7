// One call on the state of a block, and the search for the gas that suffices for it; no trace is left.
import {
  blobGasOf,
  CALL_GAS_MAX,
  type CallMessage,
  type CallSite,
  gasLimitOf,
  openState,
  smaller,
  toMessage
} from './call-message.ts'
import { type CallRequest } from './call-request.ts'
import { type MessageOutcome, OUT_OF_GAS, REVERTED, runMessage } from './run-message.ts'

/** How a call ended. `failed` is an exception of the EVM, or a call that could not begin. */
export type CallOutcome =
  | { readonly kind: 'returned'; readonly data: Uint8Array; readonly gasUsed: bigint }
  | { readonly kind: 'reverted'; readonly data: Uint8Array }
  | { readonly kind: 'failed'; readonly reason: string }

/** The gas that suffices, or how the call fails whatever it gets. */
export type EstimateOutcome =
  | { readonly kind: 'gas'; readonly gas: bigint }
  | Exclude<CallOutcome, { readonly kind: 'returned' }>

/** geth's estimateGasErrorRatio in thousandths: how far an estimate may lie above the least gas. */
const ERROR_RATIO_THOUSANDTHS = 15n
/** What a call with value is given on top. */
const CALL_STIPEND = 2_300n
const TRANSFER_GAS = 21_000n

/** As ethapi.DoCall. Throws CallRefused. */
export async function runCall(request: CallRequest, site: CallSite): Promise<CallOutcome> {
  const gas = gasLimitOf(request)
  const outcome = await runMessage(toMessage(request, site), { gas })
  if (outcome.kind === 'refused') {
    return { kind: 'failed', reason: `err: ${outcome.reason} (supplied gas ${String(gas)})` }
  }
  const { error, data, gasUsed } = outcome
  if (error === undefined) return { kind: 'returned', data, gasUsed }
  return error === REVERTED ? { kind: 'reverted', data } : { kind: 'failed', reason: error }
}

/** As gasestimator.Estimate: the least gas limit that succeeds, up to 1.5 % above it. Throws CallRefused. */
export async function searchGas(request: CallRequest, site: CallSite): Promise<EstimateOutcome> {
  const message = toMessage(request, site)
  const most = await mostGas(message)
  if (typeof most !== 'bigint') return most
  if (await isPlainTransfer(message)) {
    const outcome = await runMessage(message, { gas: TRANSFER_GAS })
    if (isSuccess(outcome)) return { kind: 'gas', gas: TRANSFER_GAS }
  }
  const first = await runMessage(message, { gas: most })
  if (first.kind === 'refused' && !first.isGasTooLow) return refusal(first.reason, most)
  if (!isSuccess(first)) return failure(first, most)
  let high = most
  let low = first.gasUsed - 1n
  const likely = ((first.gasPeak + CALL_STIPEND) * 64n) / 63n
  let gas = likely < high ? likely : middle(low, high)
  while (low + 1n < high) {
    const isClose = (high - low) * 1_000n < high * ERROR_RATIO_THOUSANDTHS
    if (isClose && gas !== likely) break
    const outcome = await runMessage(message, { gas })
    if (outcome.kind === 'refused' && !outcome.isGasTooLow) return refusal(outcome.reason, gas)
    if (isSuccess(outcome)) high = gas
    else low = gas
    gas = middle(low, high)
  }
  return { kind: 'gas', gas: high }
}

/** Low rather than half way: most calls need little more than they use. */
function middle(low: bigint, high: bigint): bigint {
  return smaller(low + (high - low) / 2n, low * 2n)
}

function isSuccess(
  outcome: MessageOutcome
): outcome is Extract<MessageOutcome, { readonly kind: 'ended' }> {
  return outcome.kind === 'ended' && outcome.error === undefined
}

function refusal(reason: string, gas: bigint): EstimateOutcome {
  return { kind: 'failed', reason: `failed with ${String(gas)} gas: ${reason}` }
}

/** With all the gas there is: then more gas is no help, or there is no more. */
function failure(outcome: MessageOutcome, gas: bigint): EstimateOutcome {
  if (outcome.kind === 'refused' || outcome.error === undefined || outcome.error === OUT_OF_GAS) {
    return { kind: 'failed', reason: `gas required exceeds allowance (${String(gas)})` }
  }
  const { error, data } = outcome
  return error === REVERTED ? { kind: 'reverted', data } : { kind: 'failed', reason: error }
}

/** What the block, the call, the sender's balance and our own cap allow for. */
async function mostGas(message: CallMessage): Promise<bigint | EstimateOutcome> {
  const { request, header, feeCap, value, from } = message
  const asked = request.gas ?? 0n
  let most = asked >= TRANSFER_GAS ? asked : header.gasLimit
  if (feeCap > 0n) {
    const state = await openState(message)
    const balance = (await state.getAccount(from))?.balance ?? 0n
    if (value >= balance) return { kind: 'failed', reason: 'insufficient funds for transfer' }
    const blobs = blobGasOf(message) * (request.maxFeePerBlobGas ?? 0n)
    if (blobs > 0n && blobs >= balance - value) {
      return { kind: 'failed', reason: 'insufficient funds for gas * price + value' }
    }
    most = smaller(most, (balance - value - blobs) / feeCap)
  }
  return smaller(most, CALL_GAS_MAX)
}

async function isPlainTransfer(message: CallMessage): Promise<boolean> {
  const { to, data } = message
  if (to === undefined || data.length > 0) return false
  return (await (await openState(message)).getCodeSize(to)) === 0
}
