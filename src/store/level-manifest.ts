// What a manifest of LevelDB says that a database consists of (google/leveldb, db/version_edit.cc: VersionEdit::DecodeFrom).
import { readLevelRecords } from './level-records.ts'

const COMPARATOR = 1
const LOG_NUMBER = 2
const NEXT_FILE = 3
const LAST_SEQUENCE = 4
const COMPACT_POINTER = 5
const DELETED_FILE = 6
const NEW_FILE = 7
const PREVIOUS_LOG = 9

/** The database as of the last record. */
export interface Manifest {
  /** Logs of lower numbers are in tables by now; 0 before the first. */
  readonly logNumber: number
  /** Number of each table → its bytes. */
  readonly tables: ReadonlyMap<number, number>
}

/** Either what it says, or what is wrong with it. */
export type ManifestFinding = { readonly manifest: Manifest } | { readonly damage: string }

/** Reads all edits. */
export function readManifest(bytes: Uint8Array): ManifestFinding {
  const { records, damage, isTorn } = readLevelRecords(bytes)
  if (damage !== undefined) return { damage }
  // Written at once: without its last edits it names what is gone by now, or does not name what is there.
  if (isTorn) return { damage: 'its last edit ends too early' }
  if (records.length === 0) return { damage: 'it holds nothing' }
  const tables = new Map<number, number>()
  let logNumber = 0
  for (const record of records) {
    const cursor = new VarintCursor(record)
    while (!cursor.isAtEnd) {
      const tag = cursor.number()
      if (tag === LOG_NUMBER) logNumber = cursor.number()
      else if (tag === COMPARATOR) cursor.skip(cursor.number())
      else if (tag === NEXT_FILE || tag === LAST_SEQUENCE || tag === PREVIOUS_LOG) cursor.number()
      else if (tag === COMPACT_POINTER) {
        cursor.number()
        cursor.skip(cursor.number())
      } else if (tag === DELETED_FILE) {
        cursor.number()
        tables.delete(cursor.number())
      } else if (tag === NEW_FILE) {
        cursor.number()
        const number = cursor.number()
        tables.set(number, cursor.number())
        cursor.skip(cursor.number())
        cursor.skip(cursor.number())
      } else return { damage: `an edit holds a field ${String(tag)}` }
    }
    if (cursor.isBeyond) return { damage: 'an edit ends too early' }
  }
  return { manifest: { logNumber, tables } }
}

/** Reads numbers of seven bits a byte, lowest first; beyond the end it reads 0. */
export class VarintCursor {
  readonly #bytes: Uint8Array
  #offset: number

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes
    this.#offset = offset
  }

  get offset(): number {
    return this.#offset
  }

  get isAtEnd(): boolean {
    return this.#offset >= this.#bytes.length
  }

  get isBeyond(): boolean {
    return this.#offset > this.#bytes.length
  }

  /** Exact up to 2^53; no file is longer, and no database has as many. */
  number(): number {
    let [value, factor] = [0, 1]
    for (;;) {
      const byte = this.#bytes[this.#offset] ?? 0
      this.#offset += 1
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
      factor *= 128
    }
  }

  skip(bytesCount: number): void {
    this.#offset += bytesCount
  }
}
