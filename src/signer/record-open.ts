// Opening a signed record: one closed result for every state its file can be in (src/recovery/README.md, "Decisions").
import { type FileHandle } from 'node:fs/promises'
import { errorMessage } from '../base/node-error.ts'
import { type BlockRef } from '../chain/blocks/block.ts'
import { type RecordDisk, RecordFile } from './record-file.ts'
import {
  decodeHeader,
  HEADER_BYTES,
  type HeaderFault,
  type RecordBinding,
  type RecordHeader
} from './record-format.ts'
import { RecordIndex } from './record-index.ts'
import { type LiveRecord } from './record-live.ts'
import { readHeaderBytes, type ScanEnd, scanEntries } from './record-scan.ts'

/** What stands at the path. A torn record is read up to its last good entry; its file is left as it is. */
export type OpenedRecord =
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly reason: string }
  | { readonly kind: 'torn' | 'open'; readonly live: LiveRecord }

/** The record as it is now, for decisions; `torn` lasts until a head is adopted. */
export type RecordFinding =
  | { readonly kind: 'missing' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'good'; readonly tip: BlockRef }
  | { readonly kind: 'torn'; readonly tip: BlockRef | undefined }
  | { readonly kind: 'unreadable'; readonly path: string; readonly reason: string }

/** Which file, and whose record it has to be; without `binding` any chain's and key's will do. */
export interface RecordSource {
  readonly disk: RecordDisk
  readonly path: string
  readonly binding: RecordBinding | undefined
  readonly flags: 'r' | 'r+'
}

/** Reads the whole file, and writes nothing. Never rejects: what cannot be read is `unreadable`. */
export async function readRecord(source: RecordSource): Promise<OpenedRecord> {
  const { disk, path, binding, flags } = source
  let handle: FileHandle
  try {
    handle = await disk.open(path, flags)
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT')) return { kind: 'missing' }
    return { kind: 'unreadable', reason: errorMessage(thrown) }
  }
  const opened = await readOpened({ disk, path, handle }, binding).catch(
    (thrown: unknown): OpenedRecord => ({ kind: 'unreadable', reason: errorMessage(thrown) })
  )
  if (opened.kind === 'unreadable') await handle.close()
  return opened
}

/** The record as it stands, of what opening found. */
export function recordFinding(path: string, opened: OpenedRecord): RecordFinding {
  if (opened.kind === 'missing') return { kind: 'missing' }
  if (opened.kind === 'unreadable') return { kind: 'unreadable', path, reason: opened.reason }
  const { brokenBy } = opened.live.file
  if (brokenBy !== undefined) return { kind: 'unreadable', path, reason: brokenBy }
  const { tip } = opened.live.index
  if (opened.kind === 'torn') return { kind: 'torn', tip }
  return tip === undefined ? { kind: 'empty' } : { kind: 'good', tip }
}

/** True for an error of the system with this code. */
export function isErrno(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code
}

async function readOpened(
  opened: { disk: RecordDisk; path: string; handle: FileHandle },
  binding: RecordBinding | undefined
): Promise<OpenedRecord> {
  const { handle } = opened
  const { size } = await handle.stat()
  const header = decodeHeader(await readHeaderBytes(handle, size))
  if ('fault' in header) return { kind: 'unreadable', reason: describeHeaderFault(header) }
  const foreign = binding && describeForeign(header, binding)
  if (foreign !== undefined) return { kind: 'unreadable', reason: foreign }
  const file = new RecordFile(opened, { salt: header.salt, length: HEADER_BYTES })
  const index = new RecordIndex((offset) => file.readHash(offset))
  const end = await indexEntries({ header, file, index }, size)
  if (end.kind === 'damaged') {
    const reason = `damaged at byte ${end.offset} of ${size}, which is not its last entry`
    return { kind: 'unreadable', reason }
  }
  file.extendTo(end.end)
  return { kind: end.kind === 'torn' ? 'torn' : 'open', live: { header, file, index } }
}

/** Fills the index; an entry that cannot follow the ones before it is damage too. */
async function indexEntries({ header, file, index }: LiveRecord, size: number): Promise<ScanEnd> {
  const range = { salt: header.salt, start: HEADER_BYTES, end: size }
  const entries = scanEntries(file.handle, range)
  for (;;) {
    const next = await entries.next()
    if (next.done === true) return next.value
    const { entry, offset } = next.value
    if (!index.apply(entry, offset)) return { kind: 'damaged', offset }
  }
}

function describeHeaderFault(fault: HeaderFault): string {
  switch (fault.fault) {
    case 'no-record':
      return 'it does not begin as a signed record does'
    case 'damaged':
      return 'its header is damaged'
    case 'version-unknown':
      return `it is of format version ${fault.version}, which this version of rekindle does not know`
  }
}

/** Undefined when the record is the one that the binding names. */
function describeForeign(found: RecordHeader, wanted: RecordBinding): string | undefined {
  if (found.chainId !== wanted.chainId) {
    return `it is of chain id ${found.chainId}, this node of ${wanted.chainId}`
  }
  if (found.genesisHash !== wanted.genesisHash) {
    return `it is of genesis ${found.genesisHash}, this node of ${wanted.genesisHash}`
  }
  if (found.signer === wanted.signer) return undefined
  return `it is of the signer ${found.signer}, this node's key is that of ${wanted.signer}`
}
