// debug_trace methods with callTracer: the calls within transactions and within calls, as geth's tools read them.
import { z } from 'zod'
import { type Block } from '../chain/blocks/block.ts'
import { type BlockToTrace, type CallToTrace } from '../execution/calls.ts'
import { type TraceOutcome } from '../execution/trace.ts'
import { type StateView } from '../state/state-view.ts'
import { isPending, requireBlock, requireState } from './block-resolution.ts'
import { JsonText } from './json-encode.ts'
import { type RpcMethod } from './json-rpc.ts'
import {
  blockOverrideParam,
  callParam,
  stateOverrideParam,
  supportedBlockOverrides
} from './call-params.ts'
import { type BlockParam, blockParam, hashParam, objectParam, parseParams } from './params.ts'
import { type RpcChain, type RpcNode, type RpcState } from './ports.ts'
import { invalidParams, RPC_CODES, RpcError, serverError } from './rpc-error.ts'

/** Runs what is traced, apart from the thread that builds blocks. */
export interface RpcTraces {
  traceCall(call: CallToTrace, view: StateView, signal: AbortSignal): Promise<TraceOutcome>
  /** On the state of the block's parent. */
  traceBlock(block: BlockToTrace, parentView: StateView, signal: AbortSignal): Promise<TraceOutcome>
}

/** What the methods read from. */
export interface TraceMethodDeps {
  readonly chain: RpcChain
  readonly node: Pick<RpcNode, 'gateShut'>
  readonly state: RpcState
  readonly traces: RpcTraces
}

const TRACER = 'callTracer'
/** Milliseconds by Go's units of time. */
const UNITS_MS: Readonly<Record<string, number>> = {
  ...{ ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }
}
const NUMBER_AND_UNIT = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g
const DURATION = /^(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h)){1,8}$/

const flag = z.boolean().nullish()
const timeoutParam = z
  .string()
  .regex(DURATION, 'must be a duration: 500ms, 2s, 1m30s')
  .transform((text) => {
    const parts = [...text.matchAll(NUMBER_AND_UNIT)]
    return parts.reduce((sum, [, number, unit = '']) => sum + Number(number) * UNITS_MS[unit]!, 0)
  })
const tracerFields = {
  tracer: z.string().nullish(),
  tracerConfig: z.object({ onlyTopCall: flag, withLog: flag }).nullish(),
  timeout: timeoutParam.nullish()
}
const traceConfig = z.object(tracerFields).nullish()
const traceCallConfig = objectParam({
  ...tracerFields,
  stateOverrides: stateOverrideParam,
  blockOverrides: blockOverrideParam,
  txIndex: z.null({ error: 'calls in the middle of a block are not supported here' }).optional()
}).nullish()

/** The methods by name. */
export function traceMethods(deps: TraceMethodDeps): Record<string, RpcMethod> {
  const { chain, traces } = deps

  const traceBlock = async (what: BlockToTrace, signal: AbortSignal) => {
    const { block } = what
    if (block.number === 0n) throw serverError('genesis is not traceable')
    const { view } = requireState(deps, { kind: 'hash', hash: block.parentHash })
    return answer(await traces.traceBlock(what, view, signal))
  }
  const traceWhole = (param: BlockParam, config: TraceConfig, signal: AbortSignal) => {
    const options = traceOptions(config)
    return traceBlock({ block: requireBlock(deps, param), only: undefined, options }, signal)
  }

  return {
    debug_traceTransaction(params, { signal }) {
      const [hash, config] = parseParams(params, [hashParam, traceConfig])
      const options = traceOptions(config)
      const location = chain.transactionLocation(hash)
      const block: Block | undefined = location && chain.blockByHash(location.blockHash)
      if (location === undefined || block === undefined) throw serverError('transaction not found')
      return traceBlock({ block, only: location.index, options }, signal)
    },
    debug_traceBlockByNumber(params, { signal }) {
      const [block, config] = parseParams(params, [blockParam, traceConfig])
      return traceWhole(block, config, signal)
    },
    debug_traceBlockByHash(params, { signal }) {
      const [hash, config] = parseParams(params, [hashParam, traceConfig])
      return traceWhole({ kind: 'hash', hash }, config, signal)
    },
    async debug_traceCall(params, { signal }) {
      const [call, param, config] = parseParams(params, [callParam, blockParam, traceCallConfig])
      const options = traceOptions(config)
      const request = {
        ...call,
        stateOverrides: config?.stateOverrides,
        blockOverrides: config ? supportedBlockOverrides(config.blockOverrides) : undefined
      }
      if (isPending(param)) throw serverError('tracing on top of pending is not supported')
      const { block, view } = requireState(deps, param)
      return answer(await traces.traceCall({ request, block, options }, view, signal))
    }
  }
}

type TraceConfig = z.output<typeof traceConfig>

/** The struct logger, which geth takes where no tracer is named, gives a line for each opcode: refused, as other tracers. */
function traceOptions(config: TraceConfig): CallToTrace['options'] {
  const { tracer, tracerConfig, timeout } = config ?? {}
  if (tracer === undefined || tracer === null || tracer === '') {
    throw invalidParams(`the struct logger is not supported: ask with {"tracer":"${TRACER}"}`)
  }
  if (tracer !== TRACER) {
    throw invalidParams(`this tracer is not supported: ask with {"tracer":"${TRACER}"}`)
  }
  return {
    onlyTopCall: tracerConfig?.onlyTopCall ?? false,
    withLog: tracerConfig?.withLog ?? false,
    timeoutMs: timeout ?? undefined
  }
}

function answer(outcome: TraceOutcome): JsonText {
  if (outcome.kind === 'trace') return new JsonText(outcome.pieces)
  if (outcome.kind === 'too-large') throw new RpcError(RPC_CODES.limitExceeded, outcome.reason)
  if (outcome.kind === 'refused') throw serverError(outcome.reason)
  throw serverError(`tracing failed: ${outcome.reason}`)
}
