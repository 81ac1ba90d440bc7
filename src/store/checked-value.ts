// Values that tell when they are not what was written: LevelDB does not check its blocks when it reads.
import { crc32c } from '../base/crc32c.ts'

/** Bytes in front of the body: CRC-32C over key and body, little-endian. */
export const CHECKSUM_BYTES = 4

/** What to store under the key. */
export function sealValue(key: Uint8Array, body: Uint8Array): Uint8Array {
  const value = new Uint8Array(CHECKSUM_BYTES + body.length)
  new DataView(value.buffer).setUint32(0, crc32c(body, crc32c(key)), true)
  value.set(body, CHECKSUM_BYTES)
  return value
}

/** The body, a view of the value; undefined when key, body or checksum is not as it was sealed. */
export function openValue(key: Uint8Array, value: Uint8Array): Uint8Array | undefined {
  if (value.length < CHECKSUM_BYTES) return undefined
  const body = value.subarray(CHECKSUM_BYTES)
  const stored = new DataView(value.buffer, value.byteOffset, value.byteLength).getUint32(0, true)
  return stored === crc32c(body, crc32c(key)) ? body : undefined
}
