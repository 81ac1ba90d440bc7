// Writes the chunks of one answer: those that are at hand together, and more once the reader took them.
import { type ResponseChunk } from '../../protocols/framing/chunk.ts'
import { frameOf } from '../../protocols/framing/response-frame.ts'
import { type ProtocolDef, type VersionedBytes } from '../../protocols/protocol-def.ts'
import { concatBytes } from '../base/bytes.ts'
import { type Clock } from '../base/clock.ts'
import { withDeadline } from '../base/deadline.ts'
import { errorMessage } from '../base/node-error.ts'
import { type ByteStream } from './byte-stream.ts'
import { type LaneLimits, type LanePlace, PlaceLost } from './lane.ts'

/**
 * Chunks of an answer that are at hand are written together up to so many bytes: on the other side each write is work of its
 * own. One message of noise has 65,519 bytes, of which the muxer takes 12: what is longer would be two.
 */
const WRITTEN_TOGETHER_BYTES = 65_000

/** The reader took nothing for too long, or reset the stream: there is nobody to tell. */
export class ReaderGone extends Error {}

/** One answer. Its calls throw ReaderGone, and PlaceLost when the peer has had too much. */
export interface Sender {
  /** Of result ok; written with those that follow at once. */
  readonly add: (chunk: VersionedBytes) => Promise<void>
  /** Writes what was added and not written yet. */
  readonly flush: () => Promise<void>
  /** What ends the answer, after all that was added. */
  readonly end: (chunk: ResponseChunk) => Promise<void>
  /** True while the reader is waited for. */
  readonly isWriting: () => boolean
}

/** Writes chunks, some of them together, and more once the reader took those. */
export function createSender(
  {
    clock,
    signal,
    deadlines,
    place,
    lane,
    stream
  }: {
    readonly clock: Clock
    readonly signal: AbortSignal
    /** Until the reader took what was written, milliseconds. */
    readonly deadlines: { readonly chunkMs: number }
    readonly place: LanePlace
    readonly lane: { readonly limits: Pick<LaneLimits, 'bytesPerToken'> }
    readonly stream: ByteStream
  },
  { limits: { chunkMaxBytes }, frame }: Pick<ProtocolDef<never, never>, 'limits' | 'frame'>
): Sender {
  const write = { clock, signal, what: 'write', ms: deadlines.chunkMs }
  // What an answer costs is counted as it is written: no more than a token's worth goes out unseen.
  const togetherBytes = Math.min(WRITTEN_TOGETHER_BYTES, lane.limits.bytesPerToken ?? Infinity)
  let isWriting = false
  let added: Uint8Array[] = []
  let addedBytes = 0
  const encode = (chunk: ResponseChunk) => frameOf({ frame }).encode(chunk, chunkMaxBytes)
  /** The milliseconds after which the peer may ask on, where it has had too much; else 0. */
  const writeAll = async (bytes: Uint8Array): Promise<number> => {
    const startedMs = clock.monotonicMs()
    isWriting = true
    let overdrawnMs: number
    try {
      await withDeadline(write, () => stream.write(bytes))
      overdrawnMs = place.noteTaken(bytes.length, clock.monotonicMs() - startedMs)
    } catch (thrown) {
      throw new ReaderGone(errorMessage(thrown), { cause: thrown })
    }
    isWriting = false
    return overdrawnMs
  }
  const take = (): readonly Uint8Array[] => {
    const taken = added
    added = []
    addedBytes = 0
    return taken
  }
  const flush = async () => {
    const parts = take()
    if (parts.length === 0) return
    const overdrawnMs = await writeAll(parts.length === 1 ? parts[0]! : concatBytes(...parts))
    if (overdrawnMs > 0) throw new PlaceLost(overdrawnMs)
  }
  return {
    isWriting: () => isWriting,
    flush,
    async add(chunk) {
      const bytes = encode({ result: 'ok', ...chunk })
      if (addedBytes + bytes.length > togetherBytes) await flush()
      added.push(bytes)
      addedBytes += bytes.length
      if (addedBytes >= togetherBytes) await flush()
    },
    async end(chunk) {
      await writeAll(concatBytes(...take(), encode(chunk)))
    }
  }
}
