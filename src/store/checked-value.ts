// Values with a checksum: LevelDB does not verify its blocks when it reads them.
import { crc32c } from '../../protocols/crc32c.ts'

/** Bytes in front of the body: CRC-32C over key and body, little-endian. */
export const CHECKSUM_BYTES = 4

/**
 * What to store under the key. It lies in Node's pool: a flush seals hundreds of thousands of values, and an
 * ArrayBuffer for each is an entry more in the list that V8 sweeps while the process waits.
 */
export function sealValue(key: Uint8Array, body: Uint8Array): Uint8Array {
  const pooled = Buffer.allocUnsafe(CHECKSUM_BYTES + body.length)
  pooled.writeUInt32LE(crc32c(body, crc32c(key)), 0)
  pooled.set(body, CHECKSUM_BYTES)
  return new Uint8Array(pooled.buffer, pooled.byteOffset, pooled.byteLength)
}

/** The body, a view of the value; undefined when key, body or checksum is not as it was sealed. */
export function openValue(key: Uint8Array, value: Uint8Array): Uint8Array | undefined {
  if (value.length < CHECKSUM_BYTES) return undefined
  const body = value.subarray(CHECKSUM_BYTES)
  const stored = new DataView(value.buffer, value.byteOffset, value.byteLength).getUint32(0, true)
  return stored === crc32c(body, crc32c(key)) ? body : undefined
}
