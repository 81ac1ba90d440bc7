// Two nodes' answers to the same request, and the differences that the table of methods admits.
import { readFile } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { projectPath } from '../../support/project-root.ts'
import { type GethRequest } from './geth-request.ts'

/** A result or an error, as JSON has it. */
export interface Answer {
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
}

/** What geth answered last, which a test holds this node to where there is no geth. */
export const ANSWERS_FILE: string = projectPath('test', 'fixtures', 'geth-answers.json')

/** A request with geth's answer. */
export type RecordedAnswer = GethRequest & { readonly answer: Answer }

/** Reads ANSWERS_FILE, in the order in which geth was asked. */
export async function recordedAnswers(): Promise<readonly RecordedAnswer[]> {
  const text = await readFile(ANSWERS_FILE, 'utf8')
  return (JSON.parse(text) as { answers: readonly RecordedAnswer[] }).answers
}

/** Where an answer may be another than geth's. */
export interface Difference {
  readonly method: string
  /** For some parameters alone. */
  readonly when?: (params: readonly unknown[]) => boolean
  /** What both answers have in common all the same; nothing where it is left out. */
  readonly as?: (answer: Answer) => unknown
}

const INVALID_PARAMS = -32602

const isPending = ([block]: readonly unknown[]) => block === 'pending'
const isRefused = ({ error }: Answer) => error !== undefined
/** geth runs the pool in it, builds with a miner's settings, and has its clock. */
const withoutContent = ({ result }: Answer) => {
  const { number, parentHash, hash, nonce, miner, baseFeePerGas } = result as Readonly<
    Record<string, unknown>
  >
  return { number, parentHash, hash, nonce, miner, baseFeePerGas }
}

/** Each stands in the table of methods as "differs", with the words for it. */
export const DIFFERENCES: readonly Difference[] = [
  { method: 'debug_getRawReceipts', when: ([block]) => block === 'pending' || isUnknown(block) },
  { method: 'eth_estimateGas', when: ([, , overrides]) => overridesPrecompile(overrides) },
  { method: 'eth_feeHistory', when: ([, , wanted]) => areRefused(wanted), as: isRefused },
  { method: 'eth_gasPrice', as: isRefused },
  { method: 'eth_getBalance', when: ([, block]) => block === 'pending', as: isRefused },
  { method: 'eth_getBlockByNumber', when: isPending, as: withoutContent },
  { method: 'eth_getBlockReceipts', when: isPending, as: isRefused },
  { method: 'eth_getBlockTransactionCountByNumber', when: isPending, as: isRefused },
  { method: 'eth_getTransactionByBlockNumberAndIndex', when: isPending, as: isRefused },
  { method: 'eth_maxPriorityFeePerGas', as: isRefused }
]

function isUnknown(block: unknown): boolean {
  return typeof block === 'string' && /^0x(?:ee){32}$/.test(block)
}

/** geth's estimator has the precompiles that there always are. */
function overridesPrecompile(overrides: unknown): boolean {
  return Object.keys(overrides ?? {}).some((address) =>
    /^0x0{38}(?:0[1-9a-f]|1[01])$/.test(address)
  )
}

/** Above 100, or in no order. */
function areRefused(percentiles: unknown): boolean {
  const values = Array.isArray(percentiles) ? percentiles.map(Number) : []
  return values.some((value, index) => value > 100 || value < (values[index - 1] ?? 0))
}

/** Methods whose refusals clients read: their words are geth's too, but for parameters of a wrong form. */
const SAME_WORDS: readonly string[] = [
  'debug_traceCall',
  'eth_call',
  'eth_createAccessList',
  'eth_estimateGas'
]

/** Undefined when both are the same; else what is not. Words of other errors are each node's own; codes and data are not. */
export function findDifference(
  request: GethRequest,
  ours: Answer,
  geth: Answer
): string | undefined {
  const admitted = admittedDifference(request)
  const view = admitted === undefined ? viewOf(request) : admitted.as
  if (view === undefined || isDeepStrictEqual(view(ours), view(geth))) return undefined
  return `${JSON.stringify(request)}\n  ours ${JSON.stringify(ours)}\n  geth ${JSON.stringify(geth)}`
}

function viewOf({ method }: GethRequest): (answer: Answer) => unknown {
  if (!SAME_WORDS.includes(method)) return comparable
  return (answer) => {
    const { error } = answer
    const isWorded = error !== undefined && error.code !== INVALID_PARAMS
    return isWorded ? { ...error, message: withoutChance(error.message) } : comparable(answer)
  }
}

/** Without what the table admits: the hash of a call, and what it costs at the tip that each suggests. */
function withoutChance(message: string): string {
  return message
    .replace(/^(failed to apply transaction: )0x[0-9a-f]{64} /, '$1')
    .replace(/^(failed to apply transaction: .* want )\d+$/, '$1')
    .replace(/(< maxPriorityFeePerGas) \(0x[0-9a-f]+\)$/, '$1')
}

/** The entry for a request, where there is one. */
export function admittedDifference({ method, params }: GethRequest): Difference | undefined {
  return DIFFERENCES.find((one) => one.method === method && (one.when?.(params) ?? true))
}

/** True where the entry is needed: the answers are not the same without it. */
export function isNeeded(request: GethRequest, ours: Answer, geth: Answer): boolean {
  const view = viewOf(request)
  return !isDeepStrictEqual(view(ours), view(geth))
}

/** The answer without the words of its error. */
export function comparable({ result, error }: Answer): unknown {
  return error === undefined ? { result } : { code: error.code, data: error.data }
}
