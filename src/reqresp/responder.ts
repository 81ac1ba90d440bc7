// The serving engine: bounded request, quota, deadlines, and chunks streamed with backpressure.
import { frameOf } from '../../protocols/framing/response-frame.ts'
import { type ProtocolDef } from '../../protocols/protocol-def.ts'
import { concatBytes } from '../base/bytes.ts'
import { type Clock } from '../base/clock.ts'
import { withDeadline } from '../base/deadline.ts'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { createYielder } from '../base/yielder.ts'
import { createSender, ReaderGone, type Sender } from './answer-writer.ts'
import { type ByteStream } from './byte-stream.ts'
import { type Lane, PlaceLost } from './lane.ts'

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
  /** So long the answer waits for tokens before it is refused; left out: not at all, the peer is told when to come. */
  readonly quotaWaitMs?: number
}

/** Who asks, and until when. */
export interface ServeContext {
  readonly peer: string
  readonly stream: ByteStream
  readonly signal: AbortSignal
}

/** Deadlines of serving, milliseconds. */
export interface ServeDeadlines {
  /** Until the whole request is there. */
  readonly requestMs: number
  /** Until the reader took the last chunk. */
  readonly chunkMs: number
  /** Until a peer that is told to come again has taken that, and closed its side. */
  readonly refusalMs: number
  readonly wholeMs: number
}

/** Deadlines of a node; tests bring shorter ones. */
export const SERVE_DEADLINES: ServeDeadlines = {
  requestMs: 5_000,
  chunkMs: 10_000,
  refusalMs: 1_000,
  wholeMs: 120_000
}

/** A single part of a refused request that is longer ends the wait for its end. */
const REFUSED_PART_MAX_BYTES = 64 * 1_024

/** A request that does not decode costs so many times a good one. */
const MALFORMED_COST_FACTOR = 15

/** Dependencies of serving; it ends when the signal aborts. */
export interface ResponderDeps {
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
}

/**
 * Answers the request on a stream, which counts against its peer from this call on. Where the lane has no place for it
 * the peer is told when to come again, before anything is read. Settles when the stream is done with; never rejects.
 */
export async function respond<Request, Chunk>(
  deps: ResponderDeps,
  handler: Handler<Request, Chunk>,
  { peer, stream }: { readonly peer: string; readonly stream: ByteStream },
  deadlines: ServeDeadlines = SERVE_DEADLINES
): Promise<void> {
  const { clock, log, signal } = deps
  const { def, lane } = handler
  const entry = lane.enter(peer)
  if (entry.kind === 'refused') {
    const refusal = { peer, stream, retryAfterMs: entry.retryAfterMs, lane, def }
    await refuse(deps, refusal, deadlines.refusalMs)
    return
  }
  const { place } = entry
  const sender = createSender({ clock, signal, deadlines, place, lane, stream }, def)
  try {
    const until = AbortSignal.any([signal, place.signal])
    const whole = { clock, signal: until, what: 'serve', ms: deadlines.wholeMs }
    await withDeadline(whole, async (inner) => {
      await answer({ clock, deadlines, sender }, handler, { peer, stream, signal: inner })
      await stream.closeWrite()
    })
  } catch (thrown) {
    log.debug('serving-ended', { protocol: def.name, peer, reason: errorMessage(thrown) })
    // A reader that holds up what was written before cannot be told anything.
    const isTold = thrown instanceof PlaceLost && !sender.isWriting()
    if (isTold) {
      const { retryAfterMs } = thrown
      await refuse(deps, { peer, stream, retryAfterMs, lane, def }, deadlines.refusalMs)
    } else {
      stream.abort(new Error('serving ended'))
    }
  } finally {
    place.leave()
  }
}

/** Tells the peer when to come again, and waits for its end of the stream; a peer that keeps it open is cut off. */
async function refuse(
  { clock, log, signal }: ResponderDeps,
  {
    peer,
    stream,
    retryAfterMs,
    lane,
    def
  }: {
    readonly peer: string
    readonly stream: ByteStream
    readonly retryAfterMs: number
    readonly lane: Lane
    readonly def: Pick<ProtocolDef<never, never>, 'frame'>
  },
  ms: number
): Promise<void> {
  if (!lane.refusalBegins(peer)) {
    stream.abort(new Error('too many streams'))
    return
  }
  try {
    await withDeadline({ clock, signal, what: 'refusal', ms }, async () => {
      await stream.write(frameOf(def).encode({ result: 'rate-limited', retryAfterMs }, 0))
      await stream.closeWrite()
      // What comes is dropped as it comes: a reset before the other side has closed could take the answer with it.
      for await (const part of stream.source) if (part.length > REFUSED_PART_MAX_BYTES) return
    })
  } catch (thrown) {
    log.debug('refusal-ended', { peer, reason: errorMessage(thrown) })
    stream.abort(new Error('the refusal ended'))
  } finally {
    lane.refusalDone(peer)
  }
}

async function answer<Request, Chunk>(
  {
    clock,
    deadlines,
    sender
  }: {
    readonly clock: Clock
    readonly deadlines: ServeDeadlines
    readonly sender: Sender
  },
  { def, serve, costTokens, lane, quotaWaitMs = 0 }: Handler<Request, Chunk>,
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
    signal.throwIfAborted()
    lane.quota.charge(peer, costTokens * MALFORMED_COST_FACTOR)
    // One that did not end in time may be sound: a process that stood still sees its deadlines first.
    const isWrong = isWhole || thrown instanceof RequestTooLong
    const result = isWrong ? 'invalid-request' : 'server-error'
    await sender.end({ result, reason: errorMessage(thrown) })
    return
  }
  const quota = { clock, lane, peer, costTokens, quotaWaitMs }
  const retryAfterMs = await takeQuota(quota, signal)
  if (retryAfterMs > 0) {
    await sender.end({ result: 'rate-limited', retryAfterMs })
    return
  }
  const yielder = createYielder()
  try {
    await lane.nextTurn?.()
    const chunks = serve(request, context)
    // What is awaited may take its time: what is there before is not held back for it.
    const isPrompt = Symbol.iterator in chunks
    for await (const chunk of chunks) {
      signal.throwIfAborted()
      await sender.add(def.chunk.encode(chunk))
      if (!isPrompt) await sender.flush()
      // A handler that reads from the store, and a reader that is quick, would hold the event loop for the whole answer.
      await (lane.nextTurn?.() ?? yielder.maybeYield())
      signal.throwIfAborted()
    }
    await sender.flush()
  } catch (thrown) {
    signal.throwIfAborted()
    if (thrown instanceof ReaderGone || thrown instanceof PlaceLost) throw thrown
    if (!(thrown instanceof RequestRefused)) {
      await sender.end({ result: 'server-error', reason: 'internal error' })
      throw thrown
    }
    await sender.end({ result: thrown.result, reason: thrown.message })
  }
}

/** 0 once the tokens are taken; the milliseconds until they may be there, where that is longer than may be waited. */
async function takeQuota(
  {
    clock,
    lane,
    peer,
    costTokens,
    quotaWaitMs
  }: Pick<Handler<never, never>, 'costTokens' | 'lane'> & {
    readonly clock: Clock
    readonly peer: string
    readonly quotaWaitMs: number
  },
  signal: AbortSignal
): Promise<number> {
  const untilMs = clock.monotonicMs() + quotaWaitMs
  for (;;) {
    const retryAfterMs = lane.quota.take(peer, costTokens)
    if (retryAfterMs === 0 || clock.monotonicMs() + retryAfterMs > untilMs) return retryAfterMs
    await clock.sleep(retryAfterMs, signal)
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
