// A protocol as this node speaks it: what is on the wire, what serving it costs, and how both sides hold to it.
import { type ProtocolDef } from '../../protocols/protocol-def.ts'
import { type LaneKind } from './peer-lanes.ts'
import { REQUEST_DEADLINES, type RequestDeadlines } from './requester.ts'
import { SERVE_DEADLINES, type ServeContext, type ServeDeadlines } from './responder.ts'

/** How long each side waits. */
export interface ProtocolDeadlines {
  readonly ask: RequestDeadlines
  readonly serve: ServeDeadlines
}

/** What suits answers of up to some ten megabytes. */
export const DEADLINES: ProtocolDeadlines = { ask: REQUEST_DEADLINES, serve: SERVE_DEADLINES }

/** `Source` is what is served from: the least that the protocol needs. */
export interface ServedProtocol<Request, Chunk, Source> {
  readonly def: ProtocolDef<Request, Chunk>
  /** Quota tokens of one request. */
  readonly costTokens: number
  readonly lane: LaneKind
  /** For a wire without a word for "later": so long an answer waits for its tokens. Left out: not at all. */
  readonly quotaWaitMs?: number
  readonly deadlines: ProtocolDeadlines
  /** True where recovery is worse off with a peer that does not answer it: operators are told of such a peer. */
  readonly isNeeded: boolean
  /** Yields chunks; may be stopped between any two. Throws RequestRefused. */
  serve(
    source: Source,
    request: Request,
    context: ServeContext
  ): Iterable<Chunk> | AsyncIterable<Chunk>
}

/** A request, and who was asked. */
export interface Asked<Request> {
  readonly peer: string
  readonly request: Request
}

/** One whose answers can be well-formed and false. `Needs` is what tells so. */
export interface CheckedProtocol<Request, Chunk, Source, Needs, Item> extends ServedProtocol<
  Request,
  Chunk,
  Source
> {
  /** The client's checks: what each chunk stands for, in order. Throws at the first false one; those before it are good. */
  check(asked: Asked<Request>, chunks: AsyncIterable<Chunk>, needs: Needs): AsyncGenerator<Item>
}
