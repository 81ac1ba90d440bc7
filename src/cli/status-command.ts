// `rekindle status`: asks a node's JSON-RPC what it is doing, and prints it.
import { errorMessage } from '../base/node-error.ts'
import { type CommandIo, EXIT_CODE } from './command-io.ts'
import { isHttpUrl } from '../config/config-checks.ts'
import { formatFields } from './format-fields.ts'
import { plainLine } from '../config/plain-line.ts'

/** A node on the same machine that takes longer is not well. */
const ANSWER_TIMEOUT_MS = 10_000

/** Options of `rekindle status`. */
export interface StatusOptions {
  readonly rpcUrl: string
  readonly isJson: boolean
}

/** Resolves with the exit code: 1 when the node cannot be reached or does not answer what was asked. */
export async function printStatus(
  { rpcUrl, isJson }: StatusOptions,
  io: Pick<CommandIo, 'print' | 'complain'>
): Promise<number> {
  if (!isHttpUrl(rpcUrl)) {
    io.complain(`rekindle: --rpc: ${JSON.stringify(rpcUrl)} is not an http or https URL\n`)
    return EXIT_CODE.badUsage
  }
  let status: Readonly<Record<string, unknown>>
  try {
    status = await askStatus(rpcUrl)
  } catch (thrown) {
    io.complain(`${plainLine(`rekindle: no status from ${rpcUrl}: ${innermostMessage(thrown)}`)}\n`)
    return EXIT_CODE.failed
  }
  io.print(isJson ? `${JSON.stringify(status)}\n` : formatFields(status))
  return EXIT_CODE.good
}

async function askStatus(rpcUrl: string): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(rpcUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'rekindle_status', params: [] }),
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS)
  })
  const answer: unknown = await response.json().catch((thrown: unknown) => {
    if (!(thrown instanceof SyntaxError)) throw thrown
  })
  if (!isObject(answer)) throw new Error(`HTTP ${response.status}, and no JSON-RPC answer`)
  if (isObject(answer.error)) {
    const { message } = answer.error
    throw new Error(
      typeof message === 'string' ? `it says: ${message}` : 'it answers with an error'
    )
  }
  if (!isObject(answer.result)) throw new Error(`HTTP ${response.status}, and no status in it`)
  return answer.result
}

/** What fetch wraps says why: its own message is always the same. A name of two addresses fails twice. */
function innermostMessage(thrown: unknown): string {
  const cause = thrown instanceof Error ? (thrown.cause ?? thrown) : thrown
  if (!(cause instanceof AggregateError)) return errorMessage(cause)
  return cause.errors.map(errorMessage).join(', ')
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
