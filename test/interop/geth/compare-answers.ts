// Two nodes' answers to the same request, and the differences that the table of methods admits.
import { readFile } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { projectPath } from '../../support/project-root.ts'
import { type GethRequest } from './geth-requests.ts'

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
  { method: 'eth_estimateGas', as: isRefused },
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

/** Above 100, or in no order. */
function areRefused(percentiles: unknown): boolean {
  const values = Array.isArray(percentiles) ? percentiles.map(Number) : []
  return values.some((value, index) => value > 100 || value < (values[index - 1] ?? 0))
}

/** Undefined when both are the same; else what is not. Words of errors are each node's own; codes and data are not. */
export function findDifference(
  request: GethRequest,
  ours: Answer,
  geth: Answer
): string | undefined {
  const admitted = admittedDifference(request)
  const view = admitted === undefined ? comparable : admitted.as
  if (view === undefined || isDeepStrictEqual(view(ours), view(geth))) return undefined
  return `${JSON.stringify(request)}\n  ours ${JSON.stringify(ours)}\n  geth ${JSON.stringify(geth)}`
}

/** The entry for a request, where there is one. */
export function admittedDifference({ method, params }: GethRequest): Difference | undefined {
  return DIFFERENCES.find((one) => one.method === method && (one.when?.(params) ?? true))
}

/** True where the entry is needed: the answers are not the same without it. */
export function isNeeded(ours: Answer, geth: Answer): boolean {
  return !isDeepStrictEqual(comparable(ours), comparable(geth))
}

/** The answer without the words of its error. */
export function comparable({ result, error }: Answer): unknown {
  return error === undefined ? { result } : { code: error.code, data: error.data }
}
