// The block message, one encoding everywhere (README.md): gossiped, stored, recorded, served by range.
import { type HashFunction } from '../hash-function.ts'
import { BlockMessageError } from './block-message-error.ts'
import {
  decodeExecutionPayload,
  type ExecutionPayload,
  executionPayloadBytes,
  type TopicVersion,
  writeExecutionPayload
} from './execution-payload.ts'
import { writeBytes } from './fixed-fields.ts'

export { BlockMessageError } from './block-message-error.ts'
export { type ExecutionPayload, type TopicVersion } from './execution-payload.ts'
export { type Withdrawal } from './withdrawal-list.ts'

/** What the sequencer signs. */
export interface UnsignedBlockMessage {
  readonly version: TopicVersion
  /** 32 bytes; versions 2 and 3 only. */
  readonly parentBeaconBlockRoot?: Uint8Array
  readonly payload: ExecutionPayload
}

/** A block with its signature, verifiable on its own. The version is not in the bytes: it stands beside them. */
export interface BlockMessage extends UnsignedBlockMessage {
  /** 65 bytes: r, s, v; v is 0 or 1. */
  readonly signature: Uint8Array
}

/** Bytes of the signature, which comes first. */
export const SIGNATURE_BYTES = 65

/** Fewest bytes of a message: a signature and something signed (op-node). */
export const MESSAGE_MIN_BYTES = 66

/** Most bytes of a message, uncompressed: 10 MiB (op-node). */
export const MESSAGE_MAX_BYTES = 10 * 2 ** 20

const BEACON_ROOT_BYTES = 32
const BEACON_ROOT_SINCE: TopicVersion = 2
const UINT256_END = 1n << 256n

/** True for the four versions there are. */
export function isTopicVersion(version: number): version is TopicVersion {
  return version === 0 || version === 1 || version === 2 || version === 3
}

/** The message in bytes. Throws BlockMessageError when a field is missing, unexpected or out of bounds. */
export function encodeBlockMessage(message: BlockMessage): Uint8Array {
  const { bytes, signed } = allocateMessage(message)
  writeSignature(bytes, message.signature)
  writeSignedPart(signed, message)
  return bytes
}

/** The bytes after the signature: what is hashed and signed. Throws BlockMessageError. */
export function encodeSignedPart(message: UnsignedBlockMessage): Uint8Array {
  const { signed } = allocateMessage(message)
  writeSignedPart(signed, message)
  return signed
}

/** A whole message of a 65-byte signature and what it signs. Throws BlockMessageError. */
export function joinSignature(signature: Uint8Array, signed: Uint8Array): Uint8Array {
  const sizeBytes = SIGNATURE_BYTES + signed.length
  assertMessageSize(sizeBytes)
  const bytes = new Uint8Array(sizeBytes)
  writeSignature(bytes, signature)
  bytes.set(signed, SIGNATURE_BYTES)
  return bytes
}

/**
 * Decodes a whole message. Byte fields of the result are views of `bytes`, which must not change while
 * the result is in use; a field that outlives the rest should be copied. Throws BlockMessageError.
 */
export function decodeBlockMessage(version: TopicVersion, bytes: Uint8Array): BlockMessage {
  const signature = signatureOf(bytes)
  const signed = signedPart(bytes)
  if (version < BEACON_ROOT_SINCE) {
    return { version, signature, payload: decodeExecutionPayload(version, signed) }
  }
  if (signed.length < BEACON_ROOT_BYTES) {
    const minBytes = SIGNATURE_BYTES + BEACON_ROOT_BYTES
    throw new BlockMessageError({ code: 'message-too-short', sizeBytes: bytes.length, minBytes })
  }
  return {
    version,
    signature,
    parentBeaconBlockRoot: signed.subarray(0, BEACON_ROOT_BYTES),
    payload: decodeExecutionPayload(version, signed.subarray(BEACON_ROOT_BYTES))
  }
}

/** The 65 bytes of the signature, a view; its v is 0 or 1. Throws BlockMessageError. */
export function signatureOf(bytes: Uint8Array): Uint8Array {
  assertMessageSize(bytes.length)
  const signature = viewOf(bytes, 0, SIGNATURE_BYTES)
  assertRecoveryId(signature)
  return signature
}

/** All bytes after the signature, a view. Throws BlockMessageError. */
export function signedPart(bytes: Uint8Array): Uint8Array {
  assertMessageSize(bytes.length)
  return viewOf(bytes, SIGNATURE_BYTES, bytes.length)
}

/**
 * The 32 bytes that are signed: keccak256(32 zero bytes ++ chainId as 32 bytes big-endian ++
 * keccak256(signed part)). Throws BlockMessageError when the chain id is no u256.
 */
export function signingHash(
  keccak256: HashFunction,
  chainId: bigint,
  signed: Uint8Array
): Uint8Array {
  return signingHashOf(keccak256, chainId, keccak256(signed))
}

/** The same of the keccak256 of the signed part, 32 bytes, for who has that already. Throws BlockMessageError. */
export function signingHashOf(
  keccak256: HashFunction,
  chainId: bigint,
  signedPartHash: Uint8Array
): Uint8Array {
  if (chainId < 0n || chainId >= UINT256_END) {
    throw new BlockMessageError({ code: 'integer-out-of-range', field: 'chainId' })
  }
  const preimage = new Uint8Array(96)
  preimage.set(Buffer.from(chainId.toString(16).padStart(64, '0'), 'hex'), 32)
  preimage.set(signedPartHash, 64)
  return keccak256(preimage)
}

function allocateMessage(message: UnsignedBlockMessage) {
  const { version, parentBeaconBlockRoot, payload } = message
  const hasRoot = parentBeaconBlockRoot !== undefined
  if (hasRoot !== version >= BEACON_ROOT_SINCE) {
    const code = hasRoot ? 'field-unexpected' : 'field-missing'
    throw new BlockMessageError({ code, field: 'parentBeaconBlockRoot', version })
  }
  const rootBytes = hasRoot ? BEACON_ROOT_BYTES : 0
  const sizeBytes = SIGNATURE_BYTES + rootBytes + executionPayloadBytes(version, payload)
  assertMessageSize(sizeBytes)
  const bytes = new Uint8Array(sizeBytes)
  return { bytes, signed: bytes.subarray(SIGNATURE_BYTES) }
}

function writeSignedPart(target: Uint8Array, message: UnsignedBlockMessage): void {
  const { version, parentBeaconBlockRoot: root, payload } = message
  if (root !== undefined) {
    writeBytes(target, 0, root, { field: 'parentBeaconBlockRoot', lengthBytes: BEACON_ROOT_BYTES })
  }
  writeExecutionPayload(version, payload, target.subarray(root === undefined ? 0 : root.length))
}

function writeSignature(target: Uint8Array, signature: Uint8Array): void {
  writeBytes(target, 0, signature, { field: 'signature', lengthBytes: SIGNATURE_BYTES })
  assertRecoveryId(signature)
}

function assertRecoveryId(signature: Uint8Array): void {
  const recoveryId = signature[SIGNATURE_BYTES - 1]
  if (recoveryId !== 0 && recoveryId !== 1) {
    throw new BlockMessageError({ code: 'recovery-id-invalid', recoveryId: recoveryId ?? -1 })
  }
}

/** Throws BlockMessageError unless a message may have this many bytes. */
export function assertMessageSize(sizeBytes: number): void {
  if (sizeBytes < MESSAGE_MIN_BYTES) {
    const minBytes = MESSAGE_MIN_BYTES
    throw new BlockMessageError({ code: 'message-too-short', sizeBytes, minBytes })
  }
  if (sizeBytes > MESSAGE_MAX_BYTES) {
    const maxBytes = MESSAGE_MAX_BYTES
    throw new BlockMessageError({ code: 'message-too-large', sizeBytes, maxBytes })
  }
}

/** A plain Uint8Array over part of the bytes, also when they are a Buffer. */
function viewOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start)
}
