// A backup's eth_sendRawTransaction: the transaction goes to the sequencer's RPC, its answer comes back.
import { z } from 'zod'
import { bytesToHex } from '../base/bytes.ts'
import { errorMessage } from '../base/node-error.ts'
import { hashParam } from './params.ts'
import { RPC_CODES, RpcError } from './rpc-error.ts'

/** The sequencer has so long to answer. */
const FORWARD_TIMEOUT_MS = 5_000

const answerSchema = z.object({
  result: hashParam.optional().catch(undefined),
  error: z
    .object({ code: z.number().int(), message: z.string(), data: z.unknown().optional() })
    .nullish()
    .transform((error) => error ?? undefined)
})

/** Sends one raw transaction on. Throws RpcError: the sequencer's own, or that it cannot be reached. */
export async function forwardTransaction(sequencerRpc: string, raw: Uint8Array): Promise<string> {
  const request = {
    jsonrpc: '2.0',
    id: 1,
    method: 'eth_sendRawTransaction',
    params: [bytesToHex(raw)]
  }
  const { error, result } = answerShape(await post(sequencerRpc, request))
  if (error !== undefined) throw new RpcError(error.code, error.message, error.data)
  if (result !== undefined) return result
  throw new RpcError(RPC_CODES.serverError, 'the sequencer gave no transaction hash')
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
    const message = `the sequencer cannot be reached: ${errorMessage(thrown)}`
    throw new RpcError(RPC_CODES.serverError, message)
  }
}

/** What of an answer is of use; nothing when it is no answer to the request. */
function answerShape(answer: unknown): z.infer<typeof answerSchema> {
  return answerSchema.safeParse(answer).data ?? { error: undefined }
}
