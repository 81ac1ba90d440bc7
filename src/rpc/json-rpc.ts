// JSON-RPC 2.0 over a table of methods: single requests, batches, notifications, and their errors.
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { type Yielder } from '../base/yielder.ts'
import { type AnswerBuffer } from './answer-buffer.ts'
import { type FilterSubject } from './filters.ts'
import { encodeJson } from './json-encode.ts'
import { JSON_SCAN_LIMITS, scanBody, type ScannedBody, type Span } from './json-scan.ts'
import { invalidParams, RPC_CODES, RpcError, serverError } from './rpc-error.ts'
import { isStateDamage } from '../state/state-error.ts'

/** Who a method works for. */
export interface RpcCaller {
  /** What stands for the client; empty for this machine, whose programs share an address. */
  readonly client: string
  /** Subscriptions of the caller's connection; undefined over HTTP, where nothing can be sent to it later. */
  readonly subscriber: Subscriber | undefined
}

/** What a connection is subscribed to. Throws RpcError where there are too many. */
export interface Subscriber {
  add(subject: FilterSubject): string
  /** False where there is none of that id. */
  remove(id: string): boolean
}

/** What a method works with besides its parameters. */
export interface RpcContext {
  /** Left out: nobody in particular, as within the node itself. */
  readonly caller?: RpcCaller
  /** Aborts when nobody waits for the answer any more, or its time is over. */
  readonly signal: AbortSignal
  /** To be asked between small steps of long work; throws the signal's reason. */
  readonly turns: Yielder
}

/** A method; throws RpcError. The result is what JSON can hold, and what json-encode.ts has classes for: no bigint, no bytes. */
export type RpcMethod = (params: readonly unknown[], context: RpcContext) => unknown

/** Every method by its name. */
export type MethodTable = ReadonlyMap<string, RpcMethod>

/** What requests are answered with. */
export interface AnswerDeps {
  readonly methods: MethodTable
  readonly log: Log
  readonly context: RpcContext
}

type Id = string | number | null

/** What is parsed of a body; the requests are not checked yet. */
export type ParsedBody =
  | { readonly kind: 'single'; readonly request: unknown }
  | { readonly kind: 'batch'; readonly requests: readonly unknown[] }
  | { readonly kind: 'refused'; readonly error: RpcError }

/** Parses a body request by request, with turns for others in between. Throws the signal's reason. */
export async function parseBody(body: Buffer, turns: Yielder): Promise<ParsedBody> {
  const scanned = await scanBody(body, turns)
  const parse = ({ start, end }: Span): unknown => JSON.parse(body.toString('utf8', start, end))
  try {
    if (scanned.kind === 'single') {
      const request = parse(scanned.request)
      await turns.maybeYield()
      return { kind: 'single', request }
    }
    if (scanned.kind !== 'batch') return { kind: 'refused', error: bodyError(scanned) }
  } catch {
    return { kind: 'refused', error: NOT_JSON }
  }
  if (scanned.requests.length === 0) return { kind: 'refused', error: EMPTY_BATCH }
  const requests: unknown[] = []
  for (const span of scanned.requests) {
    try {
      requests.push(parse(span))
    } catch {
      return { kind: 'refused', error: NOT_JSON }
    }
    await turns.maybeYield()
  }
  return { kind: 'batch', requests }
}

/**
 * Writes the answer. False when there is none, as the body held only notifications. Throws when the signal aborts for
 * another reason than an RpcError, which is the answer to all that is not answered by then.
 */
export async function answerBody(
  deps: AnswerDeps,
  body: ParsedBody,
  answer: AnswerBuffer
): Promise<boolean> {
  if (body.kind === 'refused') {
    answer.writeError(failureText(null, body.error))
    return true
  }
  if (body.kind === 'single') {
    const { isAnswered } = await answerOne(deps, body.request, { answer, separator: '' })
    return isAnswered
  }
  let separator = '['
  let stop: RpcError | undefined
  for (const request of body.requests) {
    const place = { answer, separator }
    const done: Answered =
      stop === undefined ? await answerOne(deps, request, place) : answerStop(request, place, stop)
    stop = done.stop ?? stop
    if (done.isAnswered) separator = ','
    if (stop === undefined) await turnOf(deps.context)
  }
  if (separator === '[') return false
  answer.writeError(']')
  return true
}

/** A turn for others; what ends the work is met by the next request. */
async function turnOf({ signal, turns }: RpcContext): Promise<void> {
  if (!signal.aborted) await turns.maybeYield()?.catch(() => undefined)
}

interface AnswerPlace {
  readonly answer: AnswerBuffer
  /** What stands before an answer in its batch. */
  readonly separator: string
}

interface Answered {
  readonly isAnswered: boolean
  /** The error for all other requests of the batch, as this one took what there was. */
  readonly stop?: RpcError | undefined
}

async function answerOne(
  deps: AnswerDeps,
  request: unknown,
  { answer, separator }: AnswerPlace
): Promise<Answered> {
  const { methods, log, context } = deps
  const parsed = parseRequest(request)
  if (parsed instanceof RpcError) {
    answer.writeError(separator + failureText(idOf(request), parsed))
    return { isAnswered: true }
  }
  const { id, method, params } = parsed
  const mark = answer.mark()
  try {
    const call = methods.get(method)
    if (call === undefined) {
      const message = `the method ${printable(method)} does not exist`
      throw new RpcError(RPC_CODES.methodNotFound, message)
    }
    const result = await unlessAborted(context.signal, () => call(params, context))
    if (id === undefined) return { isAnswered: false }
    answer.write(`${separator}{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":`)
    await encodeJson(result, answer, context.turns)
    answer.write('}')
    answer.check()
    return { isAnswered: true }
  } catch (thrown) {
    answer.rewind(mark)
    const { signal } = context
    if (signal.aborted && !(signal.reason instanceof RpcError)) throw signal.reason
    const error = toRpcError(signal.aborted ? signal.reason : thrown)
    if (!(thrown instanceof RpcError) && !signal.aborted) {
      log.error('rpc-method-failed', { method: printable(method), reason: errorMessage(thrown) })
    }
    const isLast = signal.aborted || error.code === RPC_CODES.responseTooLarge
    if (id !== undefined) answer.writeError(separator + failureText(id, error))
    return { isAnswered: id !== undefined, stop: isLast ? error : undefined }
  }
}

/** As geth answers the rest of a batch that became too large or too late. */
function answerStop(
  request: unknown,
  { answer, separator }: AnswerPlace,
  stop: RpcError
): Answered {
  const parsed = parseRequest(request)
  const id = parsed instanceof RpcError ? idOf(request) : parsed.id
  if (id === undefined) return { isAnswered: false }
  answer.writeError(separator + failureText(id, parsed instanceof RpcError ? parsed : stop))
  return { isAnswered: true }
}

/** Settles as the work does, or rejects with the signal's reason, whichever comes first. */
async function unlessAborted(signal: AbortSignal, work: () => unknown): Promise<unknown> {
  signal.throwIfAborted()
  const result = work()
  if (!(result instanceof Promise)) return result
  return new Promise<unknown>((resolve, reject) => {
    const stop = () => reject(signal.reason as Error)
    signal.addEventListener('abort', stop, { once: true })
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

const NOT_JSON = new RpcError(RPC_CODES.parseError, 'the body is not JSON')
const EMPTY_BATCH = new RpcError(RPC_CODES.invalidRequest, 'empty batch')

function bodyError(scanned: Exclude<ScannedBody, { readonly kind: 'single' | 'batch' }>): RpcError {
  switch (scanned.kind) {
    case 'malformed':
      return NOT_JSON
    case 'batch-too-long': {
      const most = String(JSON_SCAN_LIMITS.requestsMax)
      const message = `batch too large: more than ${most} requests; send them in several`
      return new RpcError(RPC_CODES.invalidRequest, message)
    }
    case 'too-complex':
      return new RpcError(
        RPC_CODES.invalidRequest,
        `the body is ${scanned.reason}; send less at once`
      )
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
  if (id !== undefined && !isId(id)) {
    const message =
      typeof id === 'string'
        ? `id is longer than ${ID_MAX_CHARS} characters; send a shorter one`
        : 'id must be a string or a number'
    return new RpcError(RPC_CODES.invalidRequest, message)
  }
  if (params === undefined || params === null) return { id, method, params: [] }
  if (!Array.isArray(params)) return invalidParams('not an array')
  return { id, method, params }
}

/** The id of a request that cannot be called, where it has one; null is what stands for none then. */
function idOf(request: unknown): Id {
  const id = typeof request === 'object' && request !== null && 'id' in request ? request.id : null
  return isId(id) ? id : null
}

/** Each answer repeats its id. A UUID has 36 characters. */
const ID_MAX_CHARS = 256

function isId(id: unknown): id is Id {
  if (typeof id === 'string') return id.length <= ID_MAX_CHARS
  return id === null || typeof id === 'number'
}

function toRpcError(thrown: unknown): RpcError {
  if (thrown instanceof RpcError) return thrown
  if (isStateDamage(thrown)) return serverError(STATE_DAMAGED)
  return new RpcError(RPC_CODES.internalError, 'internal error; the log has the reason')
}

/** The mender works on it by then. */
const STATE_DAMAGED =
  "a part of the state that this asks for is damaged on this node's disk, and is fetched from its peers: ask again"

/** An error as JSON; the id is null where the request has none that can be read. */
export function failureText(id: Id, { code, message, data }: RpcError): string {
  const error = data === undefined ? { code, message } : { code, message, data }
  return JSON.stringify({ jsonrpc: '2.0', id, error })
}

/** Of a name that may be as long as a body: replaced whole, a million letters take 0.2 s. */
const PRINTED_MAX_LENGTH = 64

/** A method name as it may stand in a log or an answer. */
function printable(method: string): string {
  return method.slice(0, PRINTED_MAX_LENGTH).replace(/[^\w.-]/g, '?')
}
