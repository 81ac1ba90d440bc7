// Snappy's framed format (framing_format.txt of google/snappy), within the bounds of Go's reader and writer.
import { crc32c } from './crc32c.ts'
import { compressBlock, decompressBlock, SnappyError } from './snappy-block.ts'

/** Most bytes that one chunk holds. */
const CONTENT_MAX_BYTES = 65_536
/** golang/snappy refuses a chunk that says more: the longest compression of the most content, and its checksum. */
const BODY_MAX_BYTES = 76_494
const HEADER_BYTES = 4
const CHECKSUM_BYTES = 4
const COMPRESSED = 0x00
const PLAIN = 0x01
const SKIPPABLE_FROM = 0x80
const IDENTIFIER = 0xff
const MAGIC = Buffer.from('sNaPpY', 'latin1')
const MASK_DELTA = 0xa2_82_ea_d8

/** Most bytes that framing makes of so many: the identifier, and for each chunk a header and a checksum. */
export function framedMaxBytes(contentBytes: number): number {
  const chunksCount = Math.ceil(contentBytes / CONTENT_MAX_BYTES)
  return HEADER_BYTES + MAGIC.length + contentBytes + chunksCount * (HEADER_BYTES + CHECKSUM_BYTES)
}

/** The bytes as a framed stream. A chunk that compression shortens by less than an eighth is plain, as Go has it. */
export function compressFramed(content: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [header(IDENTIFIER, MAGIC.length), MAGIC]
  for (let start = 0; start < content.length; start += CONTENT_MAX_BYTES) {
    const plain = content.subarray(start, start + CONTENT_MAX_BYTES)
    const compressed = compressBlock(plain)
    const isShorter = compressed.length < plain.length - Math.floor(plain.length / 8)
    const body = isShorter ? compressed : plain
    parts.push(header(isShorter ? COMPRESSED : PLAIN, CHECKSUM_BYTES + body.length))
    parts.push(checksum(plain), body)
  }
  return new Uint8Array(Buffer.concat(parts))
}

/** What a framed stream holds, as far as it came. */
export interface FramedContent {
  readonly content: Uint8Array
  /** Bytes of a chunk, or of the identifier, that did not come; 0 for a whole stream. */
  readonly missingBytes: number
}

/** Each size is checked before it is allocated. Throws SnappyError, also for content of more than `maxBytes`. */
export function decompressFramed(framed: Uint8Array, maxBytes: number): FramedContent {
  const parts: Uint8Array[] = []
  let sizeBytes = 0
  let at = 0
  while (at < framed.length || at === 0) {
    const missingOfHeader = at + HEADER_BYTES - framed.length
    if (missingOfHeader > 0) return { content: joined(parts), missingBytes: missingOfHeader }
    const type = framed[at]!
    const bodyBytes = framed[at + 1]! | (framed[at + 2]! << 8) | (framed[at + 3]! << 16)
    if ((at === 0 && type !== IDENTIFIER) || bodyBytes > BODY_MAX_BYTES) throw invalid()
    const start = at + HEADER_BYTES
    at = start + bodyBytes
    if (at > framed.length) return { content: joined(parts), missingBytes: at - framed.length }
    const plain = readChunk(type, framed.subarray(start, at))
    sizeBytes += plain.length
    if (sizeBytes > maxBytes)
      throw new SnappyError({ code: 'decompressed-too-large', sizeBytes, maxBytes })
    if (plain.length > 0) parts.push(plain)
  }
  return { content: joined(parts), missingBytes: 0 }
}

/** What one chunk adds, at most CONTENT_MAX_BYTES. */
function readChunk(type: number, body: Uint8Array): Uint8Array {
  if (type === IDENTIFIER) {
    if (Buffer.compare(body, MAGIC) !== 0) throw invalid()
    return new Uint8Array()
  }
  if (type >= SKIPPABLE_FROM) return new Uint8Array()
  if (type > PLAIN || body.length < CHECKSUM_BYTES) throw invalid()
  const rest = body.subarray(CHECKSUM_BYTES)
  if (type === PLAIN && rest.length > CONTENT_MAX_BYTES) throw invalid()
  const plain = type === PLAIN ? rest : decompressBlock(rest, CONTENT_MAX_BYTES)
  if (Buffer.compare(body.subarray(0, CHECKSUM_BYTES), checksum(plain)) !== 0) throw invalid()
  return plain
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

function header(type: number, bodyBytes: number): Uint8Array {
  return Uint8Array.of(type, bodyBytes & 0xff, (bodyBytes >>> 8) & 0xff, bodyBytes >>> 16)
}

/** The masked CRC-32C, little-endian. */
function checksum(plain: Uint8Array): Uint8Array {
  const crc = crc32c(plain)
  const masked = (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0
  const bytes = new Uint8Array(CHECKSUM_BYTES)
  new DataView(bytes.buffer).setUint32(0, masked, true)
  return bytes
}

function invalid(): SnappyError {
  return new SnappyError({ code: 'snappy-invalid' })
}
