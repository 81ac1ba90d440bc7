// The records of LevelDB's logs and manifests, each held against its checksum (google/leveldb, db/log_reader.cc).
import { crc32c } from '../../protocols/crc32c.ts'

/** Bytes of a block; a record never lies across two without being cut into fragments. */
const BLOCK_BYTES = 32_768
/** CRC-32C, length, type. */
const HEADER_BYTES = 7
/** LevelDB stores checksums rotated and shifted (util/crc32c.h, Mask). */
const MASK_DELTA = 0xa282ead8
const FULL = 1
const FIRST = 2
const MIDDLE = 3
const LAST = 4

/** What a file of records holds. */
export interface LevelRecords {
  /** Whole ones, in their order; those before the damage. */
  readonly records: readonly Uint8Array[]
  /** What is not as it was written. */
  readonly damage: string | undefined
  /** The last record ends too early, as a process leaves it that was killed while it wrote; or its length was changed. */
  readonly isTorn: boolean
}

/** A checksum as LevelDB stores it. */
export function maskChecksum(checksum: number): number {
  return (((checksum >>> 15) | (checksum << 17)) + MASK_DELTA) >>> 0
}

/** Reads them all; the bytes are not copied but where fragments are joined. */
export function readLevelRecords(bytes: Uint8Array): LevelRecords {
  const records: Uint8Array[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const damaged = (offset: number, what: string) => ({
    records,
    isTorn: false,
    damage: `byte ${String(offset)}: ${what}`
  })
  let fragments: Uint8Array[] | undefined
  let isTorn = false
  for (let offset = 0; offset + HEADER_BYTES <= bytes.length;) {
    const leftInBlock = BLOCK_BYTES - (offset % BLOCK_BYTES)
    if (leftInBlock < HEADER_BYTES) {
      offset += leftInBlock
      continue
    }
    const length = view.getUint16(offset + 4, true)
    const type = bytes[offset + 6]!
    const end = offset + HEADER_BYTES + length
    if (HEADER_BYTES + length > leftInBlock) return damaged(offset, 'a record leaves its block')
    if (end > bytes.length) {
      isTorn = true
      break
    }
    const isChecked =
      view.getUint32(offset, true) === maskChecksum(crc32c(bytes.subarray(offset + 6, end)))
    // A power cut may leave zeros where the file was longer than what was written; LevelDB steps over them too.
    if (!isChecked && bytes.subarray(offset).every((byte) => byte === 0)) break
    if (!isChecked) return damaged(offset, 'a record fails its checksum')
    const data = bytes.subarray(offset + HEADER_BYTES, end)
    const isBeginning = type === FULL || type === FIRST
    const isGoingOn = type === MIDDLE || type === LAST
    if (!isBeginning && !isGoingOn) return damaged(offset, `a record is of type ${String(type)}`)
    // A beginning behind an unfinished one: that one was torn, and the log was written on in the same file.
    if (isGoingOn && fragments === undefined) return damaged(offset, 'a fragment has no beginning')
    fragments = isBeginning ? [data] : [...(fragments ?? []), data]
    if (type === FULL || type === LAST) {
      records.push(fragments.length === 1 ? data : new Uint8Array(Buffer.concat(fragments)))
      fragments = undefined
    }
    offset = end
  }
  return { records, damage: undefined, isTorn: isTorn || fragments !== undefined }
}

/**
 * Makes zeros of what fails its checksum, and of the rest of its block: LevelDB steps over zeros, where a repair would take
 * a record as it is. Returns how many blocks were changed.
 */
export function banRecords(bytes: Uint8Array): number {
  let count = 0
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    const block = bytes.subarray(start, start + BLOCK_BYTES)
    const bad = firstBadRecord(block)
    if (bad === undefined) continue
    block.fill(0, bad)
    count += 1
  }
  return count
}

function firstBadRecord(block: Uint8Array): number | undefined {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength)
  for (let offset = 0; offset + HEADER_BYTES <= block.length;) {
    const end = offset + HEADER_BYTES + view.getUint16(offset + 4, true)
    if (end > block.length) return offset
    const checksum = maskChecksum(crc32c(block.subarray(offset + 6, end)))
    if (view.getUint32(offset, true) !== checksum) return offset
    offset = end
  }
  return undefined
}
