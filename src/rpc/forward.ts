// A backup's eth_sendRawTransaction: the transaction goes to the sequencer's RPC, its answer comes back.
import { z } from 'zod'
import { bytesToHex } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { errorMessage } from '../base/node-error.ts'
import { hashParam } from './params.ts'
import { RPC_CODES, RpcError } from './rpc-error.ts'

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

/** Transactions that may be on their way at once. */
export const FORWARDS_MAX = 1_000

/** Sends one raw transaction on. Throws RpcError: the sequencer's own, or why it was not sent. */
export type ForwardTransaction = (raw: Uint8Array) => Promise<string>

/**
 * Sends to this URL. What is on its way already is not sent again: where the URL leads back to this node, at once or
 * through another backup, one transaction would go round for ever.
 */
export function createForwarder(sequencerRpc: string): ForwardTransaction {
  const underWay = new Set<string>()
  return async (raw) => {
    const hash = bytesToHex(keccak256(raw))
    if (underWay.has(hash)) throw refusal(ALREADY_UNDER_WAY)
    if (underWay.size >= FORWARDS_MAX) {
      throw refusal(`${FORWARDS_MAX} transactions are on their way to the sequencer`)
    }
    underWay.add(hash)
    try {
      return await forward(sequencerRpc, raw)
    } finally {
      underWay.delete(hash)
    }
  }
}

async function forward(sequencerRpc: string, raw: Uint8Array): Promise<string> {
  const request = {
    jsonrpc: '2.0',
    id: 1,
    method: 'eth_sendRawTransaction',
    params: [bytesToHex(raw)]
  }
  const { error, result } = answerShape(await post(sequencerRpc, request))
  if (error !== undefined) throw new RpcError(error.code, error.message, error.data)
  if (result !== undefined) return result
  throw refusal('the sequencer gave no transaction hash')
}

async function post(url: string, request: unknown): Promise<unknown> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(FORWARD_TIMEOUT_MS)
    })
    return await response.json()
  } catch (thrown) {
    throw refusal(`the sequencer cannot be reached: ${errorMessage(thrown)}`)
  }
}

/** What of an answer is of use; nothing when it is no answer to the request. */
function answerShape(answer: unknown): z.infer<typeof answerSchema> {
  return answerSchema.safeParse(answer).data ?? { error: undefined }
}

function refusal(message: string): RpcError {
  return new RpcError(RPC_CODES.serverError, message)
}
