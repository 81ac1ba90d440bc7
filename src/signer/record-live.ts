// An open signed record, and the single steps that are taken on it.
import { type TopicVersion } from '../../protocols/block-message/codec.ts'
import { type Hex } from '../base/bytes.ts'
import { type BlockRef } from '../chain/blocks/block.ts'
import { type RecordFile } from './record-file.ts'
import { encodeEntry, type RecordEntry, type RecordHeader } from './record-format.ts'
import { type RecordIndex, SET_ASIDE_MAX } from './record-index.ts'
import { SignerError, type SignerFailure } from './signer-error.ts'

/** A file with its header and the index of what it holds. */
export interface LiveRecord {
  readonly header: RecordHeader
  readonly file: RecordFile
  readonly index: RecordIndex
}

/** A block with its whole message, as it was signed. */
export interface RecordedBlock extends BlockRef {
  readonly version: TopicVersion
  readonly message: Uint8Array
}

type ReleaseRefusal = (SignerFailure & { readonly code: 'release-refused' })['reason']

/** Writes the entry, synced, then takes it into the index. Throws what RecordFile.append throws. */
export async function appendEntry(
  { header, file, index }: LiveRecord,
  entry: RecordEntry,
  recheck: () => void
): Promise<void> {
  const offset = await file.append(encodeEntry(header.salt, entry), recheck)
  if (!index.apply(entry, offset)) throw file.broken(`entry ${entry.kind} was out of order`)
}

/** Throws SignerError `height-already-signed` unless the block is above all that was signed or adopted. */
export function assertAbove({ index }: LiveRecord, { number, hash }: BlockRef): void {
  const { tip } = index
  if (tip === undefined || number > tip.number) return
  throw new SignerError({
    code: 'height-already-signed',
    number,
    hash,
    signedHash: index.hashAt(number),
    lastNumber: tip.number,
    lastHash: tip.hash
  })
}

/** Throws SignerError `release-refused` unless the heights above can be freed, `confirm` being the tip. */
export function assertReleasable({ index }: LiveRecord, above: bigint, confirm: Hex): void {
  const { tip, setAside } = index
  const room = SET_ASIDE_MAX - setAside.size
  const refuse = (reason: ReleaseRefusal) =>
    new SignerError({ code: 'release-refused', above, reason })
  if (tip === undefined || tip.number <= above) throw refuse('nothing-above')
  if (tip.hash !== confirm) throw refuse('not-the-last')
  if (index.countAbove(above, room + 1) > room) throw refuse('too-many')
}

/** The block that was signed at that height; undefined when none was, or its message was dropped. */
export function signedAt({ file, index }: LiveRecord, number: bigint): RecordedBlock | undefined {
  const offset = index.place(number)?.entryOffset
  const entry = offset === undefined ? undefined : file.readEntry(offset)
  if (entry?.kind !== 'signed') return undefined
  const { hash, version, message } = entry
  return { number, hash, version, message }
}

/** What was signed or adopted above a height, ascending, whether its message is kept or not. */
export function* heightsAbove({ index }: LiveRecord, number: bigint): Generator<BlockRef> {
  for (const height of index.heights(number + 1n)) {
    const hash = index.hashAt(height)
    if (hash !== undefined) yield { number: height, hash }
  }
}
