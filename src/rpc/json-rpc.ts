// JSON-RPC 2.0 over a table of methods: single requests, batches, notifications, and their errors.
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { invalidParams, RPC_CODES, RpcError } from './rpc-error.ts'

/** A method; throws RpcError. The result is what JSON can hold: no bigint, no bytes. */
export type RpcMethod = (params: readonly unknown[]) => unknown

/** Every method by its name. */
export type MethodTable = ReadonlyMap<string, RpcMethod>

/** Requests in one batch. */
export const BATCH_MAX_REQUESTS = 100

type Id = string | number | null

interface Answer {
  readonly jsonrpc: '2.0'
  readonly id: Id
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
}

/** Answers a parsed body; undefined when it held only notifications. Never throws. */
export async function answerBody(
  { methods, log }: { methods: MethodTable; log: Log },
  body: unknown
): Promise<Answer | readonly Answer[] | undefined> {
  if (!Array.isArray(body)) return answerOne({ methods, log }, body)
  const requests: readonly unknown[] = body
  if (requests.length === 0) {
    return failure(null, new RpcError(RPC_CODES.invalidRequest, 'empty batch'))
  }
  if (requests.length > BATCH_MAX_REQUESTS) {
    const message = `batch of ${String(requests.length)} requests; at most ${String(BATCH_MAX_REQUESTS)}`
    return failure(null, new RpcError(RPC_CODES.limitExceeded, message))
  }
  const answers: Answer[] = []
  for (const request of requests) {
    const answer = await answerOne({ methods, log }, request)
    if (answer !== undefined) answers.push(answer)
  }
  return answers.length === 0 ? undefined : answers
}

/** The answer to a body that is no JSON. */
export function answerParseError(): Answer {
  return failure(null, new RpcError(RPC_CODES.parseError, 'the body is not JSON'))
}

async function answerOne(
  { methods, log }: { methods: MethodTable; log: Log },
  request: unknown
): Promise<Answer | undefined> {
  const parsed = parseRequest(request)
  if (parsed instanceof RpcError) return failure(idOf(request), parsed)
  const { id, method, params } = parsed
  try {
    const call = methods.get(method)
    if (call === undefined) {
      const message = `the method ${printable(method)} does not exist`
      throw new RpcError(RPC_CODES.methodNotFound, message)
    }
    const result = await call(params)
    return id === undefined ? undefined : { jsonrpc: '2.0', id, result: result ?? null }
  } catch (thrown) {
    if (!(thrown instanceof RpcError)) {
      log.error('rpc-method-failed', { method: printable(method), reason: errorMessage(thrown) })
    }
    return id === undefined ? undefined : failure(id, toRpcError(thrown))
  }
}

/** The request's parts; an absent id is a notification. */
function parseRequest(
  request: unknown
): { id: Id | undefined; method: string; params: readonly unknown[] } | RpcError {
  if (typeof request !== 'object' || request === null) {
    return new RpcError(RPC_CODES.invalidRequest, 'a request is an object')
  }
  const { id, method, params, jsonrpc } = request as Record<string, unknown>
  if (jsonrpc !== '2.0') return new RpcError(RPC_CODES.invalidRequest, 'jsonrpc must be "2.0"')
  if (typeof method !== 'string') {
    return new RpcError(RPC_CODES.invalidRequest, 'method must be a string')
  }
  if (id !== undefined && !isId(id))
    return new RpcError(RPC_CODES.invalidRequest, 'id must be a string or a number')
  if (params !== undefined && !Array.isArray(params)) return invalidParams('not an array')
  return { id, method, params: params ?? [] }
}

/** The id of a request that cannot be called, where it has one; null is what stands for none then. */
function idOf(request: unknown): Id {
  const id = typeof request === 'object' && request !== null && 'id' in request ? request.id : null
  return isId(id) ? id : null
}

function isId(id: unknown): id is Id {
  return id === null || typeof id === 'string' || typeof id === 'number'
}

function toRpcError(thrown: unknown): RpcError {
  return thrown instanceof RpcError
    ? thrown
    : new RpcError(RPC_CODES.internalError, 'internal error; the log has the reason')
}

function failure(id: Id, { code, message, data }: RpcError): Answer {
  return {
    jsonrpc: '2.0',
    id,
    error: data === undefined ? { code, message } : { code, message, data }
  }
}

/** A method name as it may stand in a log or an answer. */
function printable(method: string): string {
  return method.replace(/[^\w.-]/g, '?').slice(0, 64)
}
