// How the responses of a protocol are framed: ours, unless the protocol brings a frame of its own.
import { encodeChunk, type ResponseChunk } from './chunk.ts'
import { ChunkParser, type ChunkParserLimits } from './chunk-parser.ts'

/** Reads chunks out of a response as its bytes come. Both throw FramingError; after that it is of no use. */
export interface ResponseParser {
  /** The chunks that these bytes complete; to be drained before the next call. */
  push(bytes: Uint8Array): Iterable<ResponseChunk>
  /** At the end of the stream: the chunks that it completes. */
  end(): Iterable<ResponseChunk>
}

/** A family of protocols, by what their ids begin with and how their responses are framed. */
export interface ResponseFrame {
  /** The first part of the protocol id. */
  readonly family: string
  /** A chunk in bytes. Throws FramingError for one that cannot be framed. */
  encode(chunk: ResponseChunk, chunkMaxBytes: number): Uint8Array
  createParser(limits: ChunkParserLimits): ResponseParser
}

/** The frame of README.md, "Chunks". */
const REKINDLE_FRAME: ResponseFrame = {
  family: 'rekindle',
  encode: encodeChunk,
  createParser: (limits) => new ChunkParser(limits)
}

/** The frame that both sides of a protocol use. */
export function frameOf({ frame }: { readonly frame?: ResponseFrame | undefined }): ResponseFrame {
  return frame ?? REKINDLE_FRAME
}
