// What a signed record holds, for `rekindle signer show`: read beside a running node, nothing written.
import { type BlockRef } from '../chain/blocks/block.ts'
import { systemDisk } from './record-file.ts'
import { type RecordBinding } from './record-format.ts'
import { type RecordFinding, readRecord, recordFinding } from './record-open.ts'

/** A record as it stands in its file. */
export interface RecordSummary {
  readonly path: string
  /** `torn` may also be an entry that the running node is just writing. */
  readonly finding: RecordFinding
  /** Undefined when there is no file, or it cannot be read. */
  readonly content: RecordContent | undefined
}

/** Whose record it is, and how much is in it. */
export interface RecordContent extends RecordBinding {
  readonly fileBytes: number
  /** The lowest height on record. */
  readonly firstNumber: bigint | undefined
  readonly heightsCount: number
  /** Heights that still have their entry, signed ones with the whole message. */
  readonly entriesCount: number
  /** The lowest of those. */
  readonly firstEntryNumber: bigint | undefined
  readonly setAside: readonly BlockRef[]
}

/** Reads the record of any chain and key. Never rejects for what is wrong with the file. */
export async function summarizeRecord(path: string): Promise<RecordSummary> {
  const source = { disk: systemDisk, path, binding: undefined, flags: 'r' } as const
  const opened = await readRecord(source)
  const finding = recordFinding(path, opened)
  if (!('live' in opened)) return { path, finding, content: undefined }
  const { header, file, index } = opened.live
  let firstNumber: bigint | undefined
  let firstEntryNumber: bigint | undefined
  let heightsCount = 0
  let entriesCount = 0
  for (const span of index.spans()) {
    const isEntry = span.kind === 'entry'
    const number = isEntry ? span.number : span.first
    firstNumber ??= number
    if (isEntry) firstEntryNumber ??= number
    heightsCount += isEntry ? 1 : span.count
    entriesCount += isEntry ? 1 : 0
  }
  await file.close()
  const { chainId, genesisHash, signer } = header
  const binding = { chainId, genesisHash, signer }
  const counts = { firstNumber, heightsCount, entriesCount, firstEntryNumber }
  const setAside = [...index.setAside.values()]
  return { path, finding, content: { ...binding, fileBytes: file.length, ...counts, setAside } }
}
