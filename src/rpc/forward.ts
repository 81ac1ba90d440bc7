// A backup's eth_sendRawTransaction: the transaction goes to the sequencer's RPC, its answer comes back.
import { bytesToHex } from '../base/bytes.ts'
import { errorMessage } from '../base/node-error.ts'
import { RPC_CODES, RpcError } from './rpc-error.ts'

/** The sequencer has so long to answer. */
const FORWARD_TIMEOUT_MS = 5_000

/** Sends one raw transaction on. Throws RpcError: the sequencer's own, or that it cannot be reached. */
export async function forwardTransaction(sequencerRpc: string, raw: Uint8Array): Promise<string> {
  const request = {
    jsonrpc: '2.0',
    id: 1,
    method: 'eth_sendRawTransaction',
    params: [bytesToHex(raw)]
  }
  let answer: { result?: unknown; error?: { code: number; message: string; data?: unknown } }
  try {
    const response = await fetch(sequencerRpc, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(FORWARD_TIMEOUT_MS)
    })
    answer = (await response.json()) as typeof answer
  } catch (thrown) {
    const message = `the sequencer cannot be reached: ${errorMessage(thrown)}`
    throw new RpcError(RPC_CODES.serverError, message)
  }
  const { error, result } = answer
  if (error !== undefined) throw new RpcError(error.code, error.message, error.data)
  if (typeof result === 'string') return result
  throw new RpcError(RPC_CODES.serverError, 'the sequencer gave no transaction hash')
}
