// Snappy's block format (format_description.txt of google/snappy) under a bound that is checked first.
import { compressSync, uncompressSync } from 'snappy'
import { ProtocolError } from './protocol-error.ts'

/** What can be wrong with a snappy block. Sizes are those it claims when decompressed. */
export type SnappyFailure =
  | { readonly code: 'snappy-invalid' }
  | {
      readonly code: 'decompressed-too-large'
      readonly sizeBytes: number
      readonly maxBytes: number
    }

/** Thrown when a snappy block cannot or must not be decompressed. */
export class SnappyError extends ProtocolError<SnappyFailure> {}

// The length is below 2^32. Go's decoder takes it in any varint of up to 10 bytes, the binding's of up to 5.
const LENGTH_BYTES_MAX = 10
const BINDING_LENGTH_BYTES_MAX = 5
const UINT32_END = 2 ** 32

// Below this the binding's result is copied into V8's own memory, which measured up to seven times
// quicker than wrapping memory of its own; above it, the copy costs more.
const COPIED_MAX_BYTES = 2 * 2 ** 20

/** Most bytes that snappy makes of `maxBytes`: 32 + max + max / 6, rounded down. */
export function maxCompressedBytes(maxBytes: number): number {
  return 32 + maxBytes + Math.floor(maxBytes / 6)
}

/** The bytes as one snappy block. Encoders differ in their output; decoders do not. */
export function compressBlock(bytes: Uint8Array): Uint8Array {
  return plain(compressSync(bytes, { copyOutputData: bytes.length <= COPIED_MAX_BYTES }))
}

/**
 * How many bytes the block claims to hold: a varint of 1 to 10 bytes at its start, shortest form or not, below
 * 2^32. Throws SnappyError.
 */
export function decompressedBytes(compressed: Uint8Array): number {
  return readLength(compressed, Infinity).sizeBytes
}

/** What the block holds; refused before anything is allocated when that is over `maxBytes`. Throws SnappyError. */
export function decompressBlock(compressed: Uint8Array, maxBytes: number): Uint8Array {
  const { block, options } = readyToUncompress(compressed, maxBytes)
  try {
    return plain(uncompressSync(block, options) as Buffer)
  } catch (thrown) {
    throw new SnappyError({ code: 'snappy-invalid' }, { cause: thrown })
  }
}

function readyToUncompress(compressed: Uint8Array, maxBytes: number) {
  const { sizeBytes, headerBytes } = readLength(compressed, maxBytes)
  const isLong = headerBytes > BINDING_LENGTH_BYTES_MAX
  const block = isLong ? withShortestLength(compressed, sizeBytes, headerBytes) : compressed
  return { block, options: { copyOutputData: sizeBytes <= COPIED_MAX_BYTES } }
}

/** The claimed length and how many bytes say it. Throws SnappyError, also when it is over `maxBytes`. */
export function readLength(
  compressed: Uint8Array,
  maxBytes: number
): { readonly sizeBytes: number; readonly headerBytes: number } {
  let sizeBytes = 0
  for (let index = 0; index < LENGTH_BYTES_MAX; index++) {
    const byte = compressed[index]
    if (byte === undefined) break
    sizeBytes += (byte & 0x7f) * 2 ** (7 * index)
    if (byte >= 0x80) continue
    if (sizeBytes >= UINT32_END) break
    if (sizeBytes <= maxBytes) return { sizeBytes, headerBytes: index + 1 }
    throw new SnappyError({ code: 'decompressed-too-large', sizeBytes, maxBytes })
  }
  throw new SnappyError({ code: 'snappy-invalid' })
}

function withShortestLength(
  compressed: Uint8Array,
  sizeBytes: number,
  headerBytes: number
): Uint8Array {
  const header: number[] = []
  let rest = sizeBytes
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) header.push((rest % 0x80) + 0x80)
  return Buffer.concat([Uint8Array.of(...header, rest), compressed.subarray(headerBytes)])
}

/** The same memory without Buffer's own `slice`, which would alias. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}
