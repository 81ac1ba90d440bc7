// The signed record as its file holds it: every entry in its order, and how the file ends.
import { type FileHandle, open } from 'node:fs/promises'
import { bytesToHex, type Hex } from '../../src/base/bytes.ts'
import {
  decodeHeader,
  HASH_BYTES,
  HEADER_BYTES,
  type RecordEntry
} from '../../src/signer/record-format.ts'
import { readHeaderBytes, type ScanEnd, scanEntries } from '../../src/signer/record-scan.ts'

/** A height that the record holds, or frees all heights above. */
export interface RecordedHeight {
  readonly kind: 'signed' | 'adopted' | 'dropped' | 'released'
  readonly number: number
  readonly hash: Hex
}

/** The file, parsed. */
export interface StoredRecord {
  readonly signer: Hex
  readonly genesisHash: Hex
  readonly heights: readonly RecordedHeight[]
  readonly end: ScanEnd['kind']
}

/** Reads the whole file. Throws an Error when it is missing or does not begin as a record does. */
export async function readStoredRecord(path: string): Promise<StoredRecord> {
  const handle = await open(path, 'r')
  try {
    return await readOpened(handle)
  } finally {
    await handle.close()
  }
}

async function readOpened(handle: FileHandle): Promise<StoredRecord> {
  const { size } = await handle.stat()
  const header = decodeHeader(await readHeaderBytes(handle, size))
  if ('fault' in header) throw new Error(`the record's header is of no use: ${header.fault}`)
  const heights: RecordedHeight[] = []
  const entries = scanEntries(handle, { salt: header.salt, start: HEADER_BYTES, end: size })
  for (;;) {
    const next = await entries.next()
    if (next.done === true) {
      const { signer, genesisHash } = header
      return { signer, genesisHash, heights, end: next.value.kind }
    }
    heights.push(...heightsOf(next.value.entry))
  }
}

function heightsOf(entry: RecordEntry): readonly RecordedHeight[] {
  switch (entry.kind) {
    case 'signed':
    case 'adopted':
      return [{ kind: entry.kind, number: Number(entry.number), hash: entry.hash }]
    case 'released':
      return [{ kind: 'released', number: Number(entry.above), hash: entry.lastHash }]
    case 'heights':
      return Array.from({ length: entry.hashes.length / HASH_BYTES }, (_, at) => ({
        kind: 'dropped',
        number: Number(entry.first) + at,
        hash: bytesToHex(entry.hashes.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES))
      }))
    case 'set-aside':
      return []
  }
}
