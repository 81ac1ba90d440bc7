// A backup's eth_sendRawTransaction: the transaction goes to the sequencer's RPC, its answer comes back.
import { z } from 'zod'
import { bytesToHex } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { errorMessage } from '../base/node-error.ts'
import { POOL_LIMITS } from '../execution/pool-limits.ts'
import { hashParam } from './params.ts'
import { RpcError, serverError } from './rpc-error.ts'
import { Semaphore } from './semaphore.ts'
import { transactionMessage } from './transaction-errors.ts'

/** The sequencer has so long to answer. */
const FORWARD_TIMEOUT_MS = 5_000

/** geth's first words, so that a client that sent it twice knows them. */
const ALREADY_UNDER_WAY =
  'already known: it is on its way to the sequencer; if it was sent once, sequencerRpc leads back to this node'

const answerSchema = z.object({
  result: hashParam.optional().catch(undefined),
  error: z
    .object({ code: z.number().int(), message: z.string(), data: z.unknown().optional() })
    .nullish()
    .transform((error) => error ?? undefined)
})

/** Transactions that may be on their way, those that wait for others among them. */
export const FORWARDS_MAX = 256
/** Of them, so many are with the sequencer at once: each has a connection of its own. */
export const FORWARDS_RUNNING_MAX = 32
/** Bytes of the sequencer's answer: a hash, or an error with what belongs to it. */
const ANSWER_MAX_BYTES = 64 * 1024

/** Of what the other side says when it is no answer. */
const SAID_MAX_CHARS = 200

interface Answer {
  readonly status: number
  readonly text: string
}

/** Sends one raw transaction on, unless the signal aborts first. Throws RpcError: the sequencer's own, or why not. */
export type ForwardTransaction = (raw: Uint8Array, signal?: AbortSignal) => Promise<string>

/**
 * Sends to this URL. What is on its way already is not sent again: where the URL leads back to this node, at once or
 * through another backup, one transaction would go round for ever.
 */
export function createForwarder(
  sequencerRpc: string,
  { timeoutMs = FORWARD_TIMEOUT_MS } = {}
): ForwardTransaction {
  const underWay = new Set<string>()
  const places = new Semaphore(FORWARDS_RUNNING_MAX)
  return async (raw, signal) => {
    if (raw.length > POOL_LIMITS.transactionMaxBytes) throw tooLarge(raw.length)
    const hash = bytesToHex(keccak256(raw))
    if (underWay.has(hash)) throw serverError(ALREADY_UNDER_WAY)
    if (underWay.size >= FORWARDS_MAX) {
      throw serverError(`${FORWARDS_MAX} transactions are on their way to the sequencer`)
    }
    const deadline = AbortSignal.timeout(timeoutMs)
    const until = signal === undefined ? deadline : AbortSignal.any([signal, deadline])
    underWay.add(hash)
    try {
      return await places.use(() => forward(sequencerRpc, raw, until), until)
    } catch (thrown) {
      if (thrown instanceof RpcError) throw thrown
      throw unreachable(thrown)
    } finally {
      underWay.delete(hash)
    }
  }
}

async function forward(sequencerRpc: string, raw: Uint8Array, signal: AbortSignal) {
  const request = {
    jsonrpc: '2.0',
    id: 1,
    method: 'eth_sendRawTransaction',
    params: [bytesToHex(raw)]
  }
  const { status, text } = await post(sequencerRpc, request, signal)
  const { error, result } = answerShape(text)
  if (error !== undefined) throw new RpcError(error.code, error.message, error.data)
  if (result !== undefined) return result
  throw serverError(
    `the sequencer gave no transaction hash: it answered HTTP ${status} ${said(text)}`
  )
}

async function post(url: string, request: unknown, signal: AbortSignal): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
    redirect: 'error',
    signal
  })
  const chunks: Uint8Array[] = []
  let bytes = 0
  const body: AsyncIterable<Uint8Array> | readonly Uint8Array[] = response.body ?? []
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > ANSWER_MAX_BYTES) throw new Error(`its answer is above ${ANSWER_MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return { status: response.status, text: Buffer.concat(chunks).toString('utf8') }
}

/** What of another server's words is passed on: its `error`, or how its text begins; plain, and not long. */
function said(text: string): string {
  const { data } = z.object({ error: z.string() }).safeParse(parsed(text))
  const words = (data?.error ?? text).slice(0, SAID_MAX_CHARS)
  const plain = words.replace(/[^\x20-\x7e]+/g, ' ').trim()
  return plain === '' ? 'and nothing' : `and: ${plain}`
}

/** The system's reason below the library's "fetch failed": who refused, which name is not known. */
function unreachable(thrown: unknown): RpcError {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : undefined
  const why = cause === undefined || cause.message === '' ? thrown : cause
  return serverError(`the sequencer cannot be reached: ${errorMessage(why)}`)
}

function tooLarge(sizeBytes: number): RpcError {
  const { transactionMaxBytes: maxBytes } = POOL_LIMITS
  const failure = { code: 'transaction-too-large', sizeBytes, maxBytes } as const
  return serverError(transactionMessage(failure))
}

/** What of an answer is of use; nothing when it is no answer to the request. */
function answerShape(text: string): z.infer<typeof answerSchema> {
  return answerSchema.safeParse(parsed(text)).data ?? { error: undefined }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // it is told as it stands
  }
}
