// The serving engine: bounded request, quota, deadlines, and chunks streamed with backpressure.
import { encodeChunk, type ResponseChunk } from '../../protocols/framing/chunk.ts'
import { type ProtocolDef } from '../../protocols/protocol-def.ts'
import { concatBytes } from '../base/bytes.ts'
import { type Clock } from '../base/clock.ts'
import { withDeadline } from '../base/deadline.ts'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { type Quota } from '../peer/quota.ts'
import { type ByteStream } from './byte-stream.ts'

/** Thrown by a handler that will not or cannot answer. */
export class RequestRefused extends Error {
  readonly result: 'unavailable' | 'invalid-request'

  constructor(result: 'unavailable' | 'invalid-request', reason: string) {
    super(reason)
    this.result = result
  }
}

/** More bytes came than a request of the protocol may have. */
class RequestTooLong extends Error {}

/** The reader took nothing for too long, or reset the stream: there is nobody to tell. */
class ReaderGone extends Error {}

/** How one protocol is answered. */
export interface Handler<Request, Chunk> {
  readonly def: ProtocolDef<Request, Chunk>
  /** Yields chunks; may be stopped between any two. Throws RequestRefused. */
  readonly serve: (
    request: Request,
    context: ServeContext
  ) => Iterable<Chunk> | AsyncIterable<Chunk>
  /** Quota tokens of one request. */
  readonly costTokens: number
  readonly lane: Lane
}

/** Who asks, and until when. */
export interface ServeContext {
  readonly peer: string
  readonly stream: ByteStream
  readonly signal: AbortSignal
}

/** Streams and quota of one kind of request; a flood in one lane leaves the others alone. */
export interface Lane {
  readonly quota: Quota
  readonly streamsPerPeerMax: number
  readonly streamsMax: number
  /** Streams open now, by peer. */
  readonly open: Map<string, number>
}

/** Deadlines of serving, milliseconds. */
export interface ServeDeadlines {
  /** Until the whole request is there. */
  readonly requestMs: number
  /** Until the reader took the last chunk. */
  readonly chunkMs: number
  readonly wholeMs: number
}

/** Deadlines of a node; tests bring shorter ones. */
export const SERVE_DEADLINES: ServeDeadlines = {
  requestMs: 5_000,
  chunkMs: 10_000,
  wholeMs: 120_000
}

/** A request that does not decode costs so many times a good one. */
const MALFORMED_COST_FACTOR = 15

/** What serving stands on; it ends when the signal aborts. */
export interface ResponderDeps {
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
}

/** Answers the request on a stream. Settles when the stream is done with; never rejects. */
export async function respond<Request, Chunk>(
  { clock, log, signal }: ResponderDeps,
  handler: Handler<Request, Chunk>,
  { peer, stream }: { readonly peer: string; readonly stream: ByteStream },
  deadlines: ServeDeadlines = SERVE_DEADLINES
): Promise<void> {
  const { def, lane } = handler
  const openCount = lane.open.get(peer) ?? 0
  const total = [...lane.open.values()].reduce((sum, count) => sum + count, 0)
  if (openCount >= lane.streamsPerPeerMax || total >= lane.streamsMax) {
    stream.abort(new Error('too many streams'))
    return
  }
  lane.open.set(peer, openCount + 1)
  const write = { clock, signal, what: 'write', ms: deadlines.chunkMs }
  const send = async (chunk: ResponseChunk) => {
    const bytes = encodeChunk(chunk, def.limits.chunkMaxBytes)
    try {
      await withDeadline(write, () => stream.write(bytes))
    } catch (thrown) {
      throw new ReaderGone(errorMessage(thrown), { cause: thrown })
    }
  }
  try {
    const whole = { clock, signal, what: 'serve', ms: deadlines.wholeMs }
    await withDeadline(whole, async (inner) => {
      await answer({ clock, deadlines, send }, handler, { peer, stream, signal: inner })
      await stream.closeWrite()
    })
  } catch (thrown) {
    log.debug('serving-ended', { protocol: def.name, peer, reason: errorMessage(thrown) })
    stream.abort(new Error('serving ended'))
  } finally {
    const left = (lane.open.get(peer) ?? 1) - 1
    if (left > 0) lane.open.set(peer, left)
    else lane.open.delete(peer)
  }
}

async function answer<Request, Chunk>(
  {
    clock,
    deadlines,
    send
  }: {
    readonly clock: Clock
    readonly deadlines: ServeDeadlines
    readonly send: (chunk: ResponseChunk) => Promise<void>
  },
  { def, serve, costTokens, lane }: Handler<Request, Chunk>,
  context: ServeContext
): Promise<void> {
  const { peer, stream, signal } = context
  const read = { clock, signal, what: 'request', ms: deadlines.requestMs }
  let request: Request
  let isWhole = false
  try {
    const bytes = await withDeadline(read, () => readAll(stream, def.limits.requestMaxBytes))
    isWhole = true
    request = def.request.decode(bytes)
  } catch (thrown) {
    lane.quota.charge(peer, costTokens * MALFORMED_COST_FACTOR)
    // One that did not end in time may be sound: a process that stood still sees its deadlines first.
    const isWrong = isWhole || thrown instanceof RequestTooLong
    const result = isWrong ? 'invalid-request' : 'server-error'
    await send({ result, reason: errorMessage(thrown) })
    return
  }
  const retryAfterMs = lane.quota.take(peer, costTokens)
  if (retryAfterMs > 0) {
    await send({ result: 'rate-limited', retryAfterMs })
    return
  }
  try {
    for await (const chunk of serve(request, context)) {
      signal.throwIfAborted()
      await send({ result: 'ok', ...def.chunk.encode(chunk) })
    }
  } catch (thrown) {
    signal.throwIfAborted()
    if (thrown instanceof ReaderGone) throw thrown
    if (!(thrown instanceof RequestRefused)) {
      await send({ result: 'server-error', reason: 'internal error' })
      throw thrown
    }
    await send({ result: thrown.result, reason: thrown.message })
  }
}

/** The request up to the close of the other side. Throws RequestTooLong, and what the stream throws. */
async function readAll(stream: ByteStream, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of stream.source) {
    length += part.length
    if (length > maxBytes)
      throw new RequestTooLong(`a request of more than ${String(maxBytes)} bytes`)
    parts.push(part)
  }
  return concatBytes(...parts)
}
