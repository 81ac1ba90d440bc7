// The bytes of the signed record: one header that binds it to a chain and a key, then entries.
import {
  isTopicVersion,
  MESSAGE_MAX_BYTES,
  type TopicVersion
} from '../../protocols/block-message/codec.ts'
import { bytesToHex, equalBytes, type Hex, hexToBytes } from '../base/bytes.ts'
import { crc32c } from '../../protocols/crc32c.ts'
import { type BlockRef } from '../chain/blocks/block.ts'

/** Whose signatures a record holds. One of another chain or key is never taken for ours. */
export interface RecordBinding {
  /** 0..2^64-1. */
  readonly chainId: bigint
  readonly genesisHash: Hex
  readonly signer: Hex
}

/** A header as it was read. The salt keeps bytes from elsewhere from passing for an entry. */
export interface RecordHeader extends RecordBinding {
  readonly salt: Uint8Array
}

/** One entry. Heights rise from entry to entry, but for what `released` took back. */
export type RecordEntry =
  | (BlockRef & {
      readonly kind: 'signed'
      readonly version: TopicVersion
      /** The whole block message; a view of what was decoded. */
      readonly message: Uint8Array
    })
  /** A head that recovery adopted as the gate opened. */
  | (BlockRef & { readonly kind: 'adopted' })
  /** An operator freed all heights above; the block that was the last is named by its hash. */
  | { readonly kind: 'released'; readonly above: bigint; readonly lastHash: Hex }
  /** Consecutive heights, signed or adopted, whose messages were dropped: 32 bytes each. */
  | { readonly kind: 'heights'; readonly first: bigint; readonly hashes: Uint8Array }
  /** What `released` took back, as it outlives a rewrite. */
  | (BlockRef & { readonly kind: 'set-aside' })

/** Why bytes are no header of ours. */
export type HeaderFault =
  | { readonly fault: 'no-record' | 'damaged' }
  | { readonly fault: 'version-unknown'; readonly version: number }

/** The whole header. */
export const HEADER_BYTES = 104
/** Length and the two checksums, before the body of each entry. */
export const ENTRY_HEAD_BYTES = 12
/** Random bytes of the header. */
export const SALT_BYTES = 16
/** A block hash. */
export const HASH_BYTES = 32
/** Heights of one `heights` entry; more make a further entry. */
export const HEIGHTS_PER_ENTRY_MAX = 65_536
/** Kind, height, hash, version, message: the longest body there is. */
export const BODY_MAX_BYTES = 1 + 8 + HASH_BYTES + 1 + MESSAGE_MAX_BYTES
/** Where the hash lies in the body of `signed` and `adopted`. */
export const HASH_IN_BODY = 9

const MAGIC = new TextEncoder().encode('rekindle-signed\n')
const FORMAT_VERSION = 1
const MESSAGE_IN_BODY = HASH_IN_BODY + HASH_BYTES + 1
const HEIGHTS_IN_BODY = 9

const KIND = { signed: 1, adopted: 2, released: 3, heights: 4, 'set-aside': 5 } as const

/**
 * magic(16) version(4) headerBytes(4) chainId(8) genesisHash(32) signer(20) salt(16) crc32c(4), all
 * little-endian. Throws RangeError when the chain id is no u64.
 */
export function encodeHeader({ chainId, genesisHash, signer, salt }: RecordHeader): Uint8Array {
  assertU64(chainId)
  const bytes = new Uint8Array(HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  bytes.set(MAGIC)
  view.setUint32(16, FORMAT_VERSION, true)
  view.setUint32(20, HEADER_BYTES, true)
  view.setBigUint64(24, chainId, true)
  bytes.set(hexToBytes(genesisHash, HASH_BYTES), 32)
  bytes.set(hexToBytes(signer, 20), 64)
  bytes.set(salt, 84)
  view.setUint32(HEADER_BYTES - 4, crc32c(bytes.subarray(0, HEADER_BYTES - 4)), true)
  return bytes
}

/** Takes the first bytes of a file; later versions keep magic, version, length and the checksum last. */
export function decodeHeader(bytes: Uint8Array): RecordHeader | HeaderFault {
  if (bytes.length < 24) return { fault: 'no-record' }
  if (!equalBytes(bytes.subarray(0, MAGIC.length), MAGIC)) return { fault: 'no-record' }
  const view = viewOf(bytes)
  const version = view.getUint32(16, true)
  const length = view.getUint32(20, true)
  if (length < 28 || length > bytes.length) return { fault: 'damaged' }
  if (crc32c(bytes.subarray(0, length - 4)) !== view.getUint32(length - 4, true)) {
    return { fault: 'damaged' }
  }
  if (version !== FORMAT_VERSION) return { fault: 'version-unknown', version }
  if (length !== HEADER_BYTES) return { fault: 'damaged' }
  return {
    chainId: view.getBigUint64(24, true),
    genesisHash: bytesToHex(bytes.subarray(32, 64)),
    signer: bytesToHex(bytes.subarray(64, 84)),
    salt: bytes.slice(84, 84 + SALT_BYTES)
  }
}

/**
 * bodyBytes(4) bodyCrc(4) headCrc(4) body; both sums begin with the salt, headCrc covers what precedes
 * it. Throws RangeError when a height is no u64.
 */
export function encodeEntry(salt: Uint8Array, entry: RecordEntry): Uint8Array {
  const bytes = new Uint8Array(ENTRY_HEAD_BYTES + bodyBytes(entry))
  const body = bytes.subarray(ENTRY_HEAD_BYTES)
  writeBody(body, entry)
  const view = viewOf(bytes)
  const seed = crc32c(salt)
  view.setUint32(0, body.length, true)
  view.setUint32(4, crc32c(body, seed), true)
  view.setUint32(8, crc32c(bytes.subarray(0, 8), seed), true)
  return bytes
}

/** The first 12 bytes of an entry. */
export interface EntryHead {
  readonly bodyBytes: number
  readonly bodyCrc: number
}

/** Undefined when its checksum does not fit, or the length is one that no entry has. */
export function decodeEntryHead(seed: number, bytes: Uint8Array): EntryHead | undefined {
  const view = viewOf(bytes)
  if (crc32c(bytes.subarray(0, 8), seed) !== view.getUint32(8, true)) return undefined
  const length = view.getUint32(0, true)
  if (length === 0 || length > BODY_MAX_BYTES) return undefined
  return { bodyBytes: length, bodyCrc: view.getUint32(4, true) }
}

/** A body whose checksum fits. Undefined when it is of no kind known here, or malformed. */
export function decodeBody(body: Uint8Array): RecordEntry | undefined {
  const view = viewOf(body)
  const kind = body[0]
  if (body.length < HEIGHTS_IN_BODY) return undefined
  const number = view.getBigUint64(1, true)
  if (kind === KIND.heights) {
    const hashes = body.subarray(HEIGHTS_IN_BODY)
    const count = hashes.length / HASH_BYTES
    if (!Number.isInteger(count) || count < 1 || count > HEIGHTS_PER_ENTRY_MAX) return undefined
    return { kind: 'heights', first: number, hashes }
  }
  if (body.length < HASH_IN_BODY + HASH_BYTES) return undefined
  const hash = bytesToHex(body.subarray(HASH_IN_BODY, HASH_IN_BODY + HASH_BYTES))
  if (kind === KIND.signed) {
    const version = body[MESSAGE_IN_BODY - 1] ?? -1
    if (body.length < MESSAGE_IN_BODY || !isTopicVersion(version)) return undefined
    return { kind: 'signed', number, hash, version, message: body.subarray(MESSAGE_IN_BODY) }
  }
  if (body.length !== HASH_IN_BODY + HASH_BYTES) return undefined
  if (kind === KIND.adopted) return { kind: 'adopted', number, hash }
  if (kind === KIND.released) return { kind: 'released', above: number, lastHash: hash }
  if (kind === KIND['set-aside']) return { kind: 'set-aside', number, hash }
  return undefined
}

function bodyBytes(entry: RecordEntry): number {
  if (entry.kind === 'heights') return HEIGHTS_IN_BODY + entry.hashes.length
  const fixed = HASH_IN_BODY + HASH_BYTES
  return entry.kind === 'signed' ? fixed + 1 + entry.message.length : fixed
}

function writeBody(body: Uint8Array, entry: RecordEntry): void {
  const number = firstNumber(entry)
  assertU64(number)
  body[0] = KIND[entry.kind]
  viewOf(body).setBigUint64(1, number, true)
  if (entry.kind === 'heights') {
    body.set(entry.hashes, HEIGHTS_IN_BODY)
    return
  }
  const hash = entry.kind === 'released' ? entry.lastHash : entry.hash
  body.set(hexToBytes(hash, HASH_BYTES), HASH_IN_BODY)
  if (entry.kind !== 'signed') return
  body[MESSAGE_IN_BODY - 1] = entry.version
  body.set(entry.message, MESSAGE_IN_BODY)
}

function firstNumber(entry: RecordEntry): bigint {
  if (entry.kind === 'heights') return entry.first
  return entry.kind === 'released' ? entry.above : entry.number
}

function assertU64(value: bigint): void {
  if (BigInt.asUintN(64, value) !== value) throw new RangeError(`${value} is no u64`)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
