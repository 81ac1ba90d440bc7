// The journal's bytes: a header that names the disk layer, then one record a layer (src/state/README.md, "Journal").
import { bytesToHex, concatBytes, hexToBytes } from '../base/bytes.ts'
import { crc32c } from '../../protocols/crc32c.ts'
import { ByteReader, ByteWriter } from './byte-cursor.ts'
import { bytesToKey, type EntryKey, keyToBytes } from './entry-key.ts'
import { type LayerContent } from './layer.ts'
import { createValuePacker } from './pack-values.ts'
import { type StatePoint } from './state-view.ts'

/** One layer as the journal keeps it. */
export interface JournalLayer {
  readonly point: StatePoint
  readonly parentHash: StatePoint['hash']
  readonly content: LayerContent
}

/** What a journal says, as far as it is sound. */
export interface DecodedJournal {
  /** The disk layer it is of; undefined when not even that can be read. */
  readonly disk: StatePoint | undefined
  /** The longest sound prefix, in the order of the file. */
  readonly layers: readonly JournalLayer[]
  /** Where the first byte lies that cannot be used, and why; undefined when all of it was. */
  readonly damage: { readonly offset: number; readonly reason: string } | undefined
}

/** The bytes of a journal. It may be larger than one piece of memory can be: Node reads no file above 2 GiB at once. */
export interface JournalBytes {
  readonly sizeBytes: number
  /** So many bytes, all of them within the size. */
  read(offset: number, lengthBytes: number): Promise<Uint8Array>
}

/** Those of one that is in memory. */
export function journalOf(bytes: Uint8Array): JournalBytes {
  const read = (offset: number, lengthBytes: number) =>
    Promise.resolve(bytes.subarray(offset, offset + lengthBytes))
  return { sizeBytes: bytes.length, read }
}

/** "RKJ", and the version of the layout below. */
const MAGIC = Uint8Array.of(0x52, 0x4b, 0x4a, 1)
const POINT_BYTES = 8 + 32 + 32
const CHECKSUM_BYTES = 4
const HEADER_BYTES = MAGIC.length + POINT_BYTES + CHECKSUM_BYTES
const LENGTH_BYTES = 4
const HASH_BYTES = 32
/** Stands for the length of a value where the entry is deleted. */
const DELETED = 2 ** 32 - 1

/** Magic, number, hash and root of the disk layer, and their CRC-32C. */
export function encodeJournalHeader(disk: StatePoint): Uint8Array {
  const writer = new ByteWriter()
  writer.bytes(MAGIC)
  writePoint(writer, disk)
  return withChecksum(writer.finish())
}

/** Length of the body, the body, and the CRC-32C of both. */
export function encodeJournalLayer({ point, parentHash, content }: JournalLayer): Uint8Array {
  const body = new ByteWriter()
  writePoint(body, point)
  body.bytes(hexToBytes(parentHash, HASH_BYTES))
  body.uint32(content.cleared.size)
  for (const owner of content.cleared) body.bytes(keyToBytes(owner))
  body.uint32(content.entries.size)
  for (const [key, value] of content.entries) {
    body.uint32(key.length)
    body.uint32(value?.length ?? DELETED)
    body.bytes(keyToBytes(key))
    if (value !== undefined) body.bytes(value)
  }
  const record = new ByteWriter()
  const bytes = body.finish()
  record.uint32(bytes.length)
  record.bytes(bytes)
  return withChecksum(record.finish())
}

/** Reads as much as is sound, one record at a time. Rejects only with what `read` does. */
export async function decodeJournal(journal: JournalBytes): Promise<DecodedJournal> {
  const layers: JournalLayer[] = []
  const damaged = (disk: StatePoint | undefined, offset: number, reason: string) => ({
    disk,
    layers,
    damage: { offset, reason }
  })
  const header = await readSealed(journal, 0, HEADER_BYTES)
  if (header === undefined) return damaged(undefined, 0, 'the header is cut or damaged')
  if (!MAGIC.every((byte, index) => header[index] === byte)) {
    return damaged(undefined, 0, 'it is no journal of this version')
  }
  const disk = readPoint(new ByteReader(header.subarray(MAGIC.length)))
  let offset = HEADER_BYTES
  while (offset < journal.sizeBytes) {
    const record = await readRecord(journal, offset)
    if (record === undefined) return damaged(disk, offset, 'a record is cut or damaged')
    const layer = decodeLayer(record.subarray(LENGTH_BYTES, -CHECKSUM_BYTES))
    if (layer === undefined) return damaged(disk, offset, 'a record does not decode')
    layers.push(layer)
    offset += record.length
  }
  return { disk, layers, damage: undefined }
}

async function readRecord(journal: JournalBytes, offset: number): Promise<Uint8Array | undefined> {
  if (offset + LENGTH_BYTES > journal.sizeBytes) return undefined
  const bodyBytes = new ByteReader(await journal.read(offset, LENGTH_BYTES)).uint32()
  return readSealed(journal, offset, LENGTH_BYTES + bodyBytes + CHECKSUM_BYTES)
}

/** Undefined unless so many bytes are there, and the last four are the checksum of the others. */
async function readSealed(
  journal: JournalBytes,
  offset: number,
  lengthBytes: number
): Promise<Uint8Array | undefined> {
  if (offset + lengthBytes > journal.sizeBytes) return undefined // before memory is taken for it
  const bytes = await journal.read(offset, lengthBytes)
  const end = lengthBytes - CHECKSUM_BYTES
  const checksum = new ByteReader(bytes.subarray(end)).uint32()
  return checksum === crc32c(bytes.subarray(0, end)) ? bytes : undefined
}

/** Undefined when the bytes are sound and yet no layer: somebody else wrote them. */
function decodeLayer(body: Uint8Array): JournalLayer | undefined {
  try {
    const reader = new ByteReader(body)
    const point = readPoint(reader)
    const parentHash = bytesToHex(reader.bytes(HASH_BYTES))
    const cleared = new Set<string>()
    for (let left = reader.uint32(); left > 0; left--) {
      cleared.add(bytesToKey(reader.bytes(HASH_BYTES)))
    }
    const entries = new Map<EntryKey, Uint8Array | undefined>()
    const packer = createValuePacker(body.length)
    let sizeBytes = 0
    for (let left = reader.uint32(); left > 0; left--) {
      const keyLength = reader.uint32()
      const valueLength = reader.uint32()
      const key = bytesToKey(reader.bytes(keyLength))
      // Copied, so that one layer that lives on does not keep the whole file in memory.
      const value = valueLength === DELETED ? undefined : packer.pack(reader.bytes(valueLength))
      entries.set(key, value)
      sizeBytes += keyLength + (value?.length ?? 0)
    }
    reader.end()
    return { point, parentHash, content: { entries, cleared, sizeBytes } }
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined
    throw thrown
  }
}

function writePoint(writer: ByteWriter, { number, hash, root }: StatePoint): void {
  writer.uint64(number)
  writer.bytes(hexToBytes(hash, HASH_BYTES))
  writer.bytes(hexToBytes(root, HASH_BYTES))
}

function readPoint(reader: ByteReader): StatePoint {
  const number = reader.uint64()
  const hash = bytesToHex(reader.bytes(HASH_BYTES))
  return { number, hash, root: bytesToHex(reader.bytes(HASH_BYTES)) }
}

function withChecksum(bytes: Uint8Array): Uint8Array {
  const checksum = new ByteWriter()
  checksum.uint32(crc32c(bytes))
  return concatBytes(bytes, checksum.finish())
}
