// Reads chunks out of a response stream as its bytes arrive (README.md, "Reading a response").
import {
  CHUNK_HEADER_BYTES,
  type ChunkHeader,
  decodeChunkHeader,
  decodeChunkPayload,
  type ResponseChunk
} from './chunk.ts'
import { FramingError } from './framing-error.ts'
import { PayloadBuffer } from './payload-buffer.ts'

/** What a parser admits: the protocol's limits, or fewer chunks where the request asked for fewer. */
export interface ChunkParserLimits {
  /** Most bytes of a chunk before compression. */
  readonly chunkMaxBytes: number
  /** Most chunks of result ok. */
  readonly chunksMax: number
}

/**
 * The parser of one response. It holds at most one chunk's payload, allocates no more than 256 KiB or
 * twice what has arrived of it, and checks every length before it allocates.
 */
export class ChunkParser {
  readonly #limits: ChunkParserLimits
  readonly #headerBytes = new PayloadBuffer(CHUNK_HEADER_BYTES)
  #current: { readonly header: ChunkHeader; readonly payload: PayloadBuffer } | undefined
  #okCount = 0
  #isEnded = false
  #isOpen = true

  constructor(limits: ChunkParserLimits) {
    this.#limits = limits
  }

  /**
   * Yields the chunks that these bytes complete, each decompressed when it is asked for. Drain it before
   * the next push. Throws FramingError; after that, or when it was not drained, the parser is closed.
   */
  *push(bytes: Uint8Array): Generator<ResponseChunk, void, undefined> {
    this.#assertOpen()
    this.#isOpen = false
    let at = 0
    for (;;) {
      if (this.#isEnded && at < bytes.length) throw new FramingError({ code: 'bytes-after-end' })
      if (this.#current === undefined) {
        at += this.#headerBytes.append(bytes, at)
        if (!this.#headerBytes.isFull) break
        this.#current = this.#startChunk(this.#headerBytes.take())
      }
      const { header, payload } = this.#current
      at += payload.append(bytes, at)
      if (!payload.isFull) break
      this.#current = undefined
      yield this.#finishChunk(header, payload.take())
    }
    this.#isOpen = true
  }

  /** To be called at the stream's end, which completes no chunk. Throws FramingError when it comes inside one. */
  end(): readonly [] {
    this.#assertOpen()
    this.#isOpen = false
    if (this.#current === undefined && this.#headerBytes.isEmpty) return []
    const { missingBytes } = this.#current?.payload ?? this.#headerBytes
    throw new FramingError({ code: 'stream-truncated', missingBytes })
  }

  #startChunk(headerBytes: Uint8Array) {
    const { chunkMaxBytes, chunksMax } = this.#limits
    const header = decodeChunkHeader(headerBytes, chunkMaxBytes)
    if (header.result === 'ok' && this.#okCount === chunksMax) {
      throw new FramingError({ code: 'too-many-chunks', chunksMax })
    }
    return { header, payload: new PayloadBuffer(header.lengthBytes) }
  }

  #finishChunk(header: ChunkHeader, payload: Uint8Array): ResponseChunk {
    const chunk = decodeChunkPayload(header, payload, this.#limits.chunkMaxBytes)
    if (chunk.result === 'ok') this.#okCount++
    else this.#isEnded = true
    return chunk
  }

  #assertOpen(): void {
    if (!this.#isOpen) throw new FramingError({ code: 'parser-closed' })
  }
}
