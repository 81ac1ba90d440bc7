// CRC-32C (Castagnoli), as RFC 3720 appendix B.4 and LevelDB use it, eight bytes a step.

const POLYNOMIAL_REVERSED = 0x82f63b78
const TABLES_COUNT = 8
const TABLE_ENTRIES = 256

const TABLES: Uint32Array = createTables()

/** CRC-32C of the bytes, 0..2^32-1. With the sum of what came before, that of both joined. */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  let crc = ~previous
  let offset = 0
  const wholeEnd = bytes.length - (bytes.length % TABLES_COUNT)
  for (; offset < wholeEnd; offset += TABLES_COUNT) {
    crc ^=
      bytes[offset]! |
      (bytes[offset + 1]! << 8) |
      (bytes[offset + 2]! << 16) |
      (bytes[offset + 3]! << 24)
    crc =
      TABLES[0x700 + (crc & 0xff)]! ^
      TABLES[0x600 + ((crc >>> 8) & 0xff)]! ^
      TABLES[0x500 + ((crc >>> 16) & 0xff)]! ^
      TABLES[0x400 + (crc >>> 24)]! ^
      TABLES[0x300 + bytes[offset + 4]!]! ^
      TABLES[0x200 + bytes[offset + 5]!]! ^
      TABLES[0x100 + bytes[offset + 6]!]! ^
      TABLES[bytes[offset + 7]!]!
  }
  for (; offset < bytes.length; offset++) {
    crc = (crc >>> 8) ^ TABLES[(crc ^ bytes[offset]!) & 0xff]!
  }
  return ~crc >>> 0
}

/** Table n holds the sum of each byte followed by n zero bytes; all tables in one array. */
function createTables(): Uint32Array {
  const tables = new Uint32Array(TABLES_COUNT * TABLE_ENTRIES)
  for (let byte = 0; byte < TABLE_ENTRIES; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL_REVERSED : crc >>> 1
    }
    tables[byte] = crc
  }
  for (let index = TABLE_ENTRIES; index < tables.length; index++) {
    const before = tables[index - TABLE_ENTRIES]!
    tables[index] = (before >>> 8) ^ tables[before & 0xff]!
  }
  return tables
}
