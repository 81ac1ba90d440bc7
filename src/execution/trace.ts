// Traces: a block's transactions run again, or a call, with the frames that they enter. For the worker that runs calls.
import { bytesToHex } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { type BlockEnvironment, createBlockEvm } from './block-context.ts'
import { CallFrames, type ChargeBytes, type FrameOptions } from './call-frames.ts'
import { type CallSite, gasLimitOf, toMessage } from './call-message.ts'
import { type CallRequest, CallRefused } from './call-request.ts'
import { JsonPieces, writeFrame } from './frame-json.ts'
import { runMessage } from './run-message.ts'
import { runTransaction } from './run-transaction.ts'
import { StateAdapter } from './state-adapter.ts'
import { runSystemCalls } from './system-calls.ts'
import { prepareTransaction } from './transaction.ts'

/** Transactions of one block that are traced on its parent's state. */
export interface BlockTrace {
  readonly environment: BlockEnvironment
  /** From the first of the block on; none need follow the last that is traced. */
  readonly transactions: readonly Uint8Array[]
  /** The one that is traced; undefined for all of them. */
  readonly only: number | undefined
}

/** How a trace ended: as JSON, in ASCII bytes; or why not. */
export type TraceOutcome =
  | { readonly kind: 'trace'; readonly pieces: readonly Uint8Array<ArrayBuffer>[] }
  | { readonly kind: 'failed'; readonly reason: string }
  /** A request that no state makes right. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'too-large'; readonly reason: string }

/** Where and how traces are made. */
export interface TraceSite extends Omit<CallSite, 'header' | 'trace'> {
  readonly options: FrameOptions
  readonly charge: ChargeBytes
}

/** The frames of a call that leaves no trace behind. */
export async function traceCall(
  request: CallRequest,
  header: CallSite['header'],
  site: TraceSite
): Promise<TraceOutcome> {
  try {
    return await traceMessage(request, header, site)
  } catch (thrown) {
    if (thrown instanceof CallRefused) return { kind: 'refused', reason: thrown.message }
    throw thrown
  }
}

async function traceMessage(
  request: CallRequest,
  header: CallSite['header'],
  site: TraceSite
): Promise<TraceOutcome> {
  const trace = new CallFrames(site.options, site.charge)
  const message = toMessage(request, { ...site, header, trace })
  const outcome = await runMessage(message, { gas: gasLimitOf(request) })
  if (outcome.kind === 'refused') return { kind: 'failed', reason: outcome.reason }
  if (trace.top === undefined) throw new Error('a call ran without a frame')
  const pieces = new JsonPieces()
  await writeFrame(trace.top, pieces, site.yielder)
  return { kind: 'trace', pieces: pieces.end() }
}

/** Runs the transactions up to the last that is traced. One gives its frame, all give a list as debug_traceBlock has it. */
export async function traceBlock(
  { environment, transactions, only }: BlockTrace,
  { common, view, blockHashes, yielder, options, charge }: TraceSite
): Promise<TraceOutcome> {
  const trace = new CallFrames(options, charge)
  const state = new StateAdapter(view)
  const evm = await createBlockEvm({ common, state, blockHashes, trace }, yielder)
  await runSystemCalls({ evm, state }, environment)
  const pieces = new JsonPieces()
  let gasUsedBefore = 0n
  let logIndex = 0
  for (const [index, raw] of transactions.entries()) {
    const prepared = prepareTransaction(raw, common)
    const isTraced = only === undefined || only === index
    if (isTraced) trace.open({ gasLimit: prepared.tx.gasLimit, logIndex })
    const site = { evm, state, yielder }
    const { receipt, gasUsed } = await runTransaction(site, environment, prepared, gasUsedBefore)
    gasUsedBefore += gasUsed
    logIndex += receipt.logs.length
    if (!isTraced) continue
    trace.close(gasUsed)
    if (trace.top === undefined) throw new Error('a transaction ran without a frame')
    if (only === undefined) {
      pieces.write(`${index === 0 ? '[' : ','}{"txHash":"${bytesToHex(keccak256(raw))}","result":`)
    }
    await writeFrame(trace.top, pieces, yielder)
    if (only === undefined) pieces.write('}')
  }
  if (only === undefined) pieces.write(transactions.length === 0 ? '[]' : ']')
  return { kind: 'trace', pieces: pieces.end() }
}
