// The requesting engine: one stream a request, every wait with a deadline, every chunk checked as it comes.
import { type ResponseChunk } from '../../protocols/framing/chunk.ts'
import { frameOf } from '../../protocols/framing/response-frame.ts'
import { ProtocolError } from '../../protocols/protocol-error.ts'
import { type ProtocolDef, protocolId } from '../../protocols/protocol-def.ts'
import { type Clock } from '../base/clock.ts'
import { DeadlineError, withDeadline } from '../base/deadline.ts'
import { MovingDeadline } from '../base/moving-deadline.ts'
import { errorMessage } from '../base/node-error.ts'
import { type ByteStream, type StreamOpener } from './byte-stream.ts'
import { RequestError, type RequestPhase } from './request-error.ts'

/** Deadlines of one request, milliseconds. */
export interface RequestDeadlines {
  /** Opening the stream and sending the request. */
  readonly dialMs: number
  readonly firstByteMs: number
  /** Between two reads. */
  readonly chunkMs: number
  readonly wholeMs: number
}

/** Deadlines of a node; tests bring shorter ones. */
export const REQUEST_DEADLINES: RequestDeadlines = {
  dialMs: 5_000,
  firstByteMs: 10_000,
  chunkMs: 10_000,
  wholeMs: 120_000
}

/** What the engine stands on. */
export interface RequesterDeps {
  readonly clock: Clock
  readonly opener: StreamOpener
  readonly chainId: bigint
  /** Where a protocol has deadlines of its own; left out, or undefined: those of the engine. */
  readonly deadlinesOf?: (protocol: { readonly name: string }) => RequestDeadlines | undefined
  /** Hears of every failure, to score the peer. */
  readonly onFailure: (error: RequestError) => void
}

/** Sends requests. Chunks come in the order of the response; a failure is thrown after the last good one. */
export interface Requester {
  request: <Request, Chunk>(
    peer: string,
    def: ProtocolDef<Request, Chunk>,
    request: Request,
    signal: AbortSignal
  ) => AsyncGenerator<Chunk, void, undefined>
}

/** Makes the engine. */
export function createRequester(
  { clock, opener, chainId, deadlinesOf, onFailure }: RequesterDeps,
  engineDeadlines: RequestDeadlines = REQUEST_DEADLINES
): Requester {
  return {
    async *request(peer, def, request, signal) {
      const deadlines = deadlinesOf?.(def) ?? engineDeadlines
      const startedMs = clock.monotonicMs()
      const limitOf = (phase: RequestPhase) => {
        const leftMs = deadlines.wholeMs - (clock.monotonicMs() - startedMs)
        const phaseMs = phaseDeadlineMs(deadlines, phase)
        const ms = Math.max(0, Math.min(phaseMs, leftMs))
        return { what: leftMs < phaseMs ? 'whole' : phase, ms }
      }
      const within: Within = (phase, work) =>
        withDeadline({ clock, signal, ...limitOf(phase) }, work)
      const reading = new MovingDeadline({ clock, signal })
      const reads: Reads = (phase, read) => {
        const { what, ms } = limitOf(phase)
        return reading.run(what, ms, read)
      }
      let stream: ByteStream | undefined
      let isDone = false
      try {
        stream = await within('dial', (inner) => opener.open(peer, protocolId(def, chainId), inner))
        await sendRequest(stream, def.request.encode(request), within)
        for await (const chunk of readChunks(stream, def, reads)) {
          yield def.chunk.decode(...okChunk(peer, chunk))
        }
        isDone = true
      } catch (thrown) {
        signal.throwIfAborted()
        const error = toRequestError(peer, thrown)
        onFailure(error)
        throw error
      } finally {
        reading.close()
        // A reader that stops early, or a failure, leaves a stream nobody will read.
        if (!isDone) stream?.abort(new Error('the request ended'))
      }
    }
  }
}

type Within = <T>(phase: RequestPhase, work: (signal: AbortSignal) => Promise<T>) => Promise<T>
/** An answer is read in many parts: what a deadline costs, each of them costs. */
type Reads = <T>(phase: RequestPhase, read: () => Promise<T>) => Promise<T>

async function sendRequest(stream: ByteStream, bytes: Uint8Array, within: Within): Promise<void> {
  await within('dial', async () => {
    await stream.write(bytes)
    await stream.closeWrite()
  })
}

async function* readChunks(
  stream: ByteStream,
  { limits, frame }: Pick<ProtocolDef<never, never>, 'limits' | 'frame'>,
  reads: Reads
): AsyncGenerator<ResponseChunk> {
  const parser = frameOf({ frame }).createParser(limits)
  const reader = stream.source[Symbol.asyncIterator]()
  let phase: RequestPhase = 'first-byte'
  for (;;) {
    const read = await reads(phase, () => reader.next())
    if (read.done === true) break
    phase = 'chunk'
    yield* parser.push(read.value)
  }
  yield* parser.end()
}

/** Version and bytes of an ok chunk; throws what any other result means. */
function okChunk(peer: string, chunk: ResponseChunk): [number, Uint8Array] {
  switch (chunk.result) {
    case 'ok':
      return [chunk.version, chunk.bytes]
    case 'rate-limited':
      throw new RequestError({ code: chunk.result, peer, retryAfterMs: chunk.retryAfterMs })
    default:
      throw new RequestError({ code: chunk.result, peer, reason: chunk.reason })
  }
}

function phaseDeadlineMs(deadlines: RequestDeadlines, phase: RequestPhase): number {
  switch (phase) {
    case 'dial':
      return deadlines.dialMs
    case 'first-byte':
      return deadlines.firstByteMs
    case 'chunk':
      return deadlines.chunkMs
    case 'whole':
      return deadlines.wholeMs
  }
}

function toRequestError(peer: string, thrown: unknown): RequestError {
  if (thrown instanceof RequestError) return thrown
  const options = { cause: thrown }
  if (thrown instanceof DeadlineError) {
    const { what, afterMs } = thrown.failure
    const phase = what as RequestPhase
    return new RequestError({ code: 'request-deadline-passed', peer, phase, afterMs }, options)
  }
  const reason = errorMessage(thrown)
  return thrown instanceof ProtocolError
    ? new RequestError({ code: 'response-malformed', peer, reason }, options)
    : new RequestError({ code: 'stream-reset', peer, reason }, options)
}
