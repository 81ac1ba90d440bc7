// The blocks of a LevelDB table held against their checksums, which LevelDB itself does not look at when it reads.
import { open } from 'node:fs/promises'
import { crc32c } from '../../protocols/crc32c.ts'
import { decompressBlock } from '../../protocols/snappy-block.ts'
import { errorMessage } from '../base/node-error.ts'
import { VarintCursor } from './level-manifest.ts'
import { maskChecksum } from './level-records.ts'

/** Two handles, padding, and the number that ends every table (google/leveldb, table/format.cc). */
const FOOTER_BYTES = 48
const MAGIC = 0xdb4775248b80fb57n
/** Type and checksum behind each block. */
const TRAILER_BYTES = 5
const SNAPPY = 1
/** LevelDB knows 0 and 1. */
const UNKNOWN_TYPE = 0xff
/** Of an index or a filter, decompressed: an index of a table of 2 MiB has some 20 KiB. */
const INDEX_MAX_BYTES = 64 * 2 ** 20

/** Where a block lies, without its trailer. */
export interface BlockHandle {
  readonly offset: number
  readonly size: number
}

/** How a table is. */
export type TableFinding =
  /** Each of its blocks is as it was written; `problem` of its filter or metadata alone, which a compaction makes anew. */
  | {
      readonly kind: 'readable'
      readonly problem: string | undefined
      readonly badBlocks: readonly BlockHandle[]
    }
  /** Nothing tells where its blocks are. */
  | { readonly kind: 'unusable'; readonly problem: string }

/** Reads the table in the file; never throws. */
export async function checkTable(path: string): Promise<TableFinding> {
  try {
    const file = await open(path, 'r')
    try {
      return await checkBlocks(file, (await file.stat()).size)
    } finally {
      await file.close()
    }
  } catch (thrown) {
    return { kind: 'unusable', problem: errorMessage(thrown) }
  }
}

/**
 * Gives the blocks a type that LevelDB does not know: it reads what fails its checksum, and steps over what it cannot read.
 * Rejects with the system's error.
 */
export async function banBlocks(path: string, blocks: readonly BlockHandle[]): Promise<void> {
  const file = await open(path, 'r+')
  try {
    for (const { offset, size } of blocks) {
      await file.write(Uint8Array.of(UNKNOWN_TYPE), 0, 1, offset + size)
    }
    await file.sync()
  } finally {
    await file.close()
  }
}

/** What reads bytes at an offset; a file handle satisfies it. */
interface TableFile {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<unknown>
}

async function checkBlocks(file: TableFile, sizeBytes: number): Promise<TableFinding> {
  if (sizeBytes < FOOTER_BYTES) throw new Error(`it has ${String(sizeBytes)} bytes`)
  const footer = new Uint8Array(FOOTER_BYTES)
  await file.read(footer, 0, FOOTER_BYTES, sizeBytes - FOOTER_BYTES)
  const magic = new DataView(footer.buffer).getBigUint64(FOOTER_BYTES - 8, true)
  if (magic !== MAGIC) throw new Error('it does not end as a table')
  const cursor = new VarintCursor(footer)
  const [metaIndex, index] = [readHandle(cursor), readHandle(cursor)]
  const read = (handle: BlockHandle) => readBlock(file, handle, sizeBytes)
  const blocks = handlesIn(await read(index))
  const badBlocks: BlockHandle[] = []
  let problem: string | undefined
  for (const handle of blocks) {
    await read(handle).catch((thrown: unknown) => {
      problem ??= errorMessage(thrown)
      badBlocks.push(handle)
    })
  }
  try {
    for (const handle of handlesIn(await read(metaIndex))) await read(handle)
  } catch (thrown) {
    problem ??= errorMessage(thrown)
  }
  return { kind: 'readable', problem, badBlocks }
}

function readHandle(cursor: VarintCursor): BlockHandle {
  return { offset: cursor.number(), size: cursor.number() }
}

/** As it lies in the file, with its type; throws when it is not what was written. */
async function readBlock(
  file: TableFile,
  { offset, size }: BlockHandle,
  sizeBytes: number
): Promise<Uint8Array> {
  if (offset + size + TRAILER_BYTES > sizeBytes) {
    throw new Error(`a block at byte ${String(offset)} is beyond its end`)
  }
  const bytes = new Uint8Array(size + TRAILER_BYTES)
  await file.read(bytes, 0, bytes.length, offset)
  const stored = new DataView(bytes.buffer).getUint32(size + 1, true)
  if (stored !== maskChecksum(crc32c(bytes.subarray(0, size + 1)))) {
    throw new Error(`the block at byte ${String(offset)} fails its checksum`)
  }
  return bytes.subarray(0, size + 1)
}

/** The handles that an index names. */
function handlesIn(typed: Uint8Array): readonly BlockHandle[] {
  const stored = typed.subarray(0, -1)
  const isCompressed = typed.at(-1) === SNAPPY
  const block = isCompressed ? decompressBlock(stored, INDEX_MAX_BYTES) : stored
  const restartsCount = new DataView(block.buffer, block.byteOffset).getUint32(
    block.length - 4,
    true
  )
  const entries = block.subarray(0, block.length - 4 * (restartsCount + 1))
  const cursor = new VarintCursor(entries)
  const found: BlockHandle[] = []
  while (!cursor.isAtEnd) {
    cursor.number() // of the key before, shared
    const keyBytes = cursor.number()
    const valueBytes = cursor.number()
    cursor.skip(keyBytes)
    found.push(readHandle(new VarintCursor(entries, cursor.offset)))
    cursor.skip(valueBytes)
  }
  return found
}
