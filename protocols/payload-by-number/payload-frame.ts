// The frame of payload_by_number: a result byte, and for result 0 a version and one framed snappy stream (README.md).
import { type ResponseChunk, RESULT_CODES } from '../framing/chunk.ts'
import { type ChunkParserLimits } from '../framing/chunk-parser.ts'
import { FramingError } from '../framing/framing-error.ts'
import { PayloadBuffer } from '../framing/payload-buffer.ts'
import { type ResponseFrame, type ResponseParser } from '../framing/response-frame.ts'
import { SnappyError } from '../snappy-block.ts'
import { compressFramed, decompressFramed, framedMaxBytes } from '../snappy-framed.ts'

/** Most bytes of a whole response: op-node reads no further. */
export const RESPONSE_MAX_BYTES = 10 * 2 ** 20

/** Bytes before the compressed payload: result u8 ++ version u32le. */
const HEAD_BYTES = 5

/** The results that the OP Stack has, by their codes. It has none for "later": that is told as an error. */
const RESULTS: readonly Exclude<ResponseChunk['result'], 'rate-limited'>[] = [
  'ok',
  'unavailable',
  'invalid-request',
  'server-error'
]

/** True when a payload of so many bytes fits into a response, however little snappy makes of it. */
export function isPayloadServed(payloadBytes: number): boolean {
  return HEAD_BYTES + framedMaxBytes(payloadBytes) <= RESPONSE_MAX_BYTES
}

/** One chunk a response; no reasons, and no limit of the request on it. */
export const PAYLOAD_FRAME: ResponseFrame = {
  family: 'opstack',
  encode(chunk, chunkMaxBytes) {
    if (chunk.result !== 'ok') {
      const isLater = chunk.result === 'rate-limited'
      return Uint8Array.of(RESULT_CODES[isLater ? 'server-error' : chunk.result])
    }
    const sizeBytes = chunk.bytes.length
    const maxBytes = Math.min(chunkMaxBytes, RESPONSE_MAX_BYTES)
    if (sizeBytes > maxBytes || !isPayloadServed(sizeBytes)) {
      throw new FramingError({ code: 'chunk-too-large', sizeBytes, maxBytes })
    }
    const framed = compressFramed(chunk.bytes)
    const bytes = new Uint8Array(HEAD_BYTES + framed.length)
    new DataView(bytes.buffer).setUint32(1, chunk.version, true)
    bytes.set(framed, HEAD_BYTES)
    return bytes
  },
  createParser: (limits) => new PayloadParser(limits)
}

/** Holds what has come, at most RESPONSE_MAX_BYTES; the end of the stream is the end of the payload. */
class PayloadParser implements ResponseParser {
  readonly #limits: ChunkParserLimits
  readonly #received = new PayloadBuffer(RESPONSE_MAX_BYTES)
  #isFirst = true

  constructor(limits: ChunkParserLimits) {
    this.#limits = limits
  }

  /** Any result but 0 is complete with its byte: what some servers send after it is not looked at. */
  *push(bytes: Uint8Array): Generator<ResponseChunk, void, undefined> {
    if (bytes.length === 0) return
    if (this.#isFirst) {
      const code = bytes[0]!
      const result = RESULTS[code]
      if (result === undefined) throw new FramingError({ code: 'result-unknown', result: code })
      this.#isFirst = false
      if (result !== 'ok') {
        yield { result, reason: '' }
        return
      }
    }
    const taken = this.#received.append(bytes, 0)
    if (taken === bytes.length) return
    const maxBytes = RESPONSE_MAX_BYTES
    throw new FramingError({ code: 'chunk-too-large', sizeBytes: maxBytes + 1, maxBytes })
  }

  *end(): Generator<ResponseChunk, void, undefined> {
    const bytes = this.#received.take()
    if (bytes.length < HEAD_BYTES) {
      const missingBytes = HEAD_BYTES - bytes.length
      throw new FramingError({ code: 'stream-truncated', missingBytes })
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const version = view.getUint32(1, true)
    yield { result: 'ok', version, bytes: this.#decompress(bytes.subarray(HEAD_BYTES)) }
  }

  #decompress(framed: Uint8Array): Uint8Array {
    try {
      const { content, missingBytes } = decompressFramed(framed, this.#limits.chunkMaxBytes)
      if (missingBytes === 0) return content
      throw new FramingError({ code: 'stream-truncated', missingBytes })
    } catch (thrown) {
      if (thrown instanceof SnappyError) throw new FramingError(thrown.failure, { cause: thrown })
      throw thrown
    }
  }
}
