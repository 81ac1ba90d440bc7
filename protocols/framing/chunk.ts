// One chunk of a response: `result u8 ++ version u8 ++ length u32le ++ bytes` (README.md, "Chunks").
import { compressBlock, decompressBlock, maxCompressedBytes, SnappyError } from '../snappy-block.ts'
import { FramingError } from './framing-error.ts'

/** Why a response ended without, or after part of, what was asked for. */
export type Refusal = 'unavailable' | 'invalid-request' | 'server-error'

/** A chunk with its payload decompressed. Every kind but `ok` ends the stream. */
export type ResponseChunk =
  | { readonly result: 'ok'; readonly version: number; readonly bytes: Uint8Array }
  | { readonly result: Refusal; readonly reason: string }
  | { readonly result: 'rate-limited'; readonly retryAfterMs: number }

/** What each result is on the wire. */
export const RESULT_CODES = {
  ok: 0,
  unavailable: 1,
  'invalid-request': 2,
  'server-error': 3,
  'rate-limited': 4
} as const satisfies Record<ResponseChunk['result'], number>

/** Bytes of the header: result, version, length. */
export const CHUNK_HEADER_BYTES = 6

/** Most bytes of a reason, UTF-8. */
export const REASON_MAX_BYTES = 256

/** Bytes of a rate-limited payload: u32 little-endian, milliseconds until the next try. */
export const RETRY_BYTES = 4

/** A header that has passed every check which needs no payload. */
export interface ChunkHeader {
  readonly result: ResponseChunk['result']
  readonly version: number
  /** Bytes that follow, compressed where the result is ok. */
  readonly lengthBytes: number
}

const RESULT_NAMES = Object.keys(RESULT_CODES) as ResponseChunk['result'][]
const UINT32_MAX = 2 ** 32 - 1

/**
 * A chunk in bytes. A reason is cut at 256 bytes and a retry at 2^32-1 ms; bytes over `chunkMaxBytes`
 * and a version that is no byte throw FramingError.
 */
export function encodeChunk(chunk: ResponseChunk, chunkMaxBytes: number): Uint8Array {
  const payload = encodePayload(chunk, chunkMaxBytes)
  const version = chunk.result === 'ok' ? chunk.version : 0
  if (!Number.isInteger(version) || version < 0 || version > 255) {
    throw new FramingError({ code: 'version-invalid', version })
  }
  const bytes = new Uint8Array(CHUNK_HEADER_BYTES + payload.length)
  bytes[0] = RESULT_CODES[chunk.result]
  bytes[1] = version
  new DataView(bytes.buffer).setUint32(2, payload.length, true)
  bytes.set(payload, CHUNK_HEADER_BYTES)
  return bytes
}

/** Reads the 6 bytes of a header and checks them against the limit. Throws FramingError. */
export function decodeChunkHeader(bytes: Uint8Array, chunkMaxBytes: number): ChunkHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, CHUNK_HEADER_BYTES)
  const code = view.getUint8(0)
  const version = view.getUint8(1)
  const lengthBytes = view.getUint32(2, true)
  const result = RESULT_NAMES[code]
  if (result === undefined) throw new FramingError({ code: 'result-unknown', result: code })
  if (result === 'ok') {
    const maxBytes = maxCompressedBytes(chunkMaxBytes)
    if (lengthBytes > maxBytes) {
      throw new FramingError({ code: 'chunk-too-large', sizeBytes: lengthBytes, maxBytes })
    }
    return { result, version, lengthBytes }
  }
  if (version !== 0) throw new FramingError({ code: 'version-invalid', version })
  if (result === 'rate-limited') {
    if (lengthBytes !== RETRY_BYTES) {
      throw new FramingError({ code: 'retry-invalid', sizeBytes: lengthBytes })
    }
  } else if (lengthBytes > REASON_MAX_BYTES) {
    const maxBytes = REASON_MAX_BYTES
    throw new FramingError({ code: 'reason-too-long', sizeBytes: lengthBytes, maxBytes })
  }
  return { result, version, lengthBytes }
}

/** The chunk of a checked header and its whole payload; keeps no view of it. Throws FramingError. */
export function decodeChunkPayload(
  { result, version }: ChunkHeader,
  payload: Uint8Array,
  chunkMaxBytes: number
): ResponseChunk {
  switch (result) {
    case 'ok':
      return { result, version, bytes: decompress(payload, chunkMaxBytes) }
    case 'rate-limited': {
      const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
      return { result, retryAfterMs: view.getUint32(0, true) }
    }
    default:
      return { result, reason: decodeReason(payload) }
  }
}

function encodePayload(chunk: ResponseChunk, chunkMaxBytes: number): Uint8Array {
  switch (chunk.result) {
    case 'ok': {
      const sizeBytes = chunk.bytes.length
      if (sizeBytes > chunkMaxBytes) {
        throw new FramingError({ code: 'chunk-too-large', sizeBytes, maxBytes: chunkMaxBytes })
      }
      return compressBlock(chunk.bytes)
    }
    case 'rate-limited': {
      const retry = new Uint8Array(RETRY_BYTES)
      const retryAfterMs = Math.min(Math.max(Math.ceil(chunk.retryAfterMs), 0), UINT32_MAX)
      new DataView(retry.buffer).setUint32(0, retryAfterMs, true)
      return retry
    }
    default: {
      const reason = new Uint8Array(REASON_MAX_BYTES)
      const { written } = new TextEncoder().encodeInto(chunk.reason, reason) // whole characters only
      return reason.subarray(0, written)
    }
  }
}

function decompress(payload: Uint8Array, chunkMaxBytes: number): Uint8Array {
  try {
    return decompressBlock(payload, chunkMaxBytes)
  } catch (thrown) {
    if (thrown instanceof SnappyError) throw new FramingError(thrown.failure, { cause: thrown })
    throw thrown
  }
}

function decodeReason(payload: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload)
  } catch (thrown) {
    throw new FramingError({ code: 'reason-invalid' }, { cause: thrown })
  }
}
