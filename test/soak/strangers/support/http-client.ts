// A stranger's HTTP: connections of its own, without end and without haste.
import { Agent, request } from 'node:http'

/** What became of a request. */
export interface HttpOutcome {
  readonly status: number
  readonly bytesCount: number
}

/** Where from, how long, and whether the answer is read. */
export interface HttpOptions {
  readonly localAddress: string
  readonly signal: AbortSignal
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 120_000
/** One connection each. */
const AGENT = new Agent({ keepAlive: false, maxSockets: Infinity })

/** Posts a JSON text and reads the whole answer, without keeping it. */
export async function postText(
  url: string,
  text: string,
  { localAddress, signal, timeoutMs = TIMEOUT_MS }: HttpOptions
): Promise<HttpOutcome> {
  const ending = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text)
    }
    const options = { method: 'POST', agent: AGENT, localAddress, headers, signal: ending }
    const asked = request(url, options, (response) => {
      let bytesCount = 0
      response.on('data', (part: Buffer) => (bytesCount += part.length))
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, bytesCount })
      })
      response.on('error', reject)
    })
    asked.on('error', reject)
    asked.end(text)
  })
}

/** One call as JSON text. */
export function callText(method: string, params: readonly unknown[], id = 1): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params })
}

/** The same call many times in one batch. */
export function batchText(method: string, params: readonly unknown[], times: number): string {
  const calls = Array.from({ length: times }, (_, id) => callText(method, params, id))
  return `[${calls.join(',')}]`
}

/** The port of a URL. */
export function portOf(url: string): number {
  return Number(new URL(url).port)
}
