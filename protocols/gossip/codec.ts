// Block messages as gossip carries them: one snappy block each, and the id that tells repeats apart.
import { MESSAGE_MAX_BYTES, MESSAGE_MIN_BYTES } from '../block-message/codec.ts'
import { type HashFunction } from '../hash-function.ts'
import { ProtocolError } from '../protocol-error.ts'
import { compressBlock, decompressBlock, decompressedBytes, SnappyError } from '../snappy-block.ts'
import { decompressInSlices, type Pause } from '../snappy-slices.ts'

/** What can be wrong with gossiped bytes before they are decoded as a block message. */
export type GossipFailure =
  | { readonly code: 'snappy-invalid' }
  | { readonly code: 'compressed-too-large'; readonly sizeBytes: number; readonly maxBytes: number }
  | {
      readonly code: 'decompressed-too-large'
      readonly sizeBytes: number
      readonly maxBytes: number
    }
  | {
      readonly code: 'decompressed-too-small'
      readonly sizeBytes: number
      readonly minBytes: number
    }

/** Thrown when gossiped bytes are rejected before decoding, or a message cannot be gossiped. */
export class GossipError extends ProtocolError<GossipFailure> {}

/** Most bytes of a gossiped message, compressed. */
export const COMPRESSED_MAX_BYTES = 10 * 2 ** 20

/** Bytes of a message id. */
export const MESSAGE_ID_BYTES = 20

const DOMAIN_INVALID_SNAPPY = new Uint8Array([0, 0, 0, 0])
const DOMAIN_VALID_SNAPPY = new Uint8Array([1, 0, 0, 0])

/** A block message compressed for its topic. Throws GossipError outside the bounds, before or after. */
export function compressMessage(message: Uint8Array): Uint8Array {
  assertMessageBytes(message.length)
  const compressed = compressBlock(message)
  assertCompressedBytes(compressed.length)
  return compressed
}

/** The block message in gossiped bytes. All bounds are checked before anything is allocated. Throws GossipError. */
export function decompressMessage(compressed: Uint8Array): Uint8Array {
  return messageOf(unpack(compressed))
}

/** What gossiped bytes hold, unpacked once for the message id and for validation. */
export interface Unpacked {
  /** The gossiped bytes. */
  readonly compressed: Uint8Array
  /** What they hold when they are a snappy block of at most 10 MiB, a message or not. */
  readonly content: Uint8Array | undefined
}

/** Unpacks bytes of any origin. */
export function unpack(compressed: Uint8Array): Unpacked {
  try {
    return { compressed, content: decompressBlock(compressed, MESSAGE_MAX_BYTES) }
  } catch (thrown) {
    return unpackedNothing(compressed, thrown)
  }
}

/** The same with pauses, for bytes that hold much. `compressed` must not change meanwhile. */
export async function unpackInSlices(compressed: Uint8Array, pause: Pause): Promise<Unpacked> {
  try {
    return { compressed, content: await decompressInSlices(compressed, MESSAGE_MAX_BYTES, pause) }
  } catch (thrown) {
    return unpackedNothing(compressed, thrown)
  }
}

function unpackedNothing(compressed: Uint8Array, thrown: unknown): Unpacked {
  if (thrown instanceof SnappyError) return { compressed, content: undefined }
  throw thrown
}

/** The bytes that unpacking would make, as they claim, at most 10 MiB; 0 where it would be refused at once. */
export function claimedBytes(compressed: Uint8Array): number {
  try {
    const sizeBytes = decompressedBytes(compressed)
    return sizeBytes > MESSAGE_MAX_BYTES ? 0 : sizeBytes
  } catch (thrown) {
    if (thrown instanceof SnappyError) return 0
    throw thrown
  }
}

/** The block message among what was unpacked. Throws GossipError for what is none by its bounds. */
export function messageOf({ compressed, content }: Unpacked): Uint8Array {
  assertCompressedBytes(compressed.length)
  if (content !== undefined) {
    assertMessageBytes(content.length)
    return content
  }
  assertMessageBytes(claimedLength(compressed))
  throw new GossipError({ code: 'snappy-invalid' })
}

/**
 * The gossipsub message id, 20 bytes: sha256(domain(4) ++ u64le(length of topic) ++ topic ++ content)
 * cut short, where content is what the bytes hold, or themselves when they are no block of at most 10 MiB.
 */
export function messageId(sha256: HashFunction, topic: string, compressed: Uint8Array): Uint8Array {
  return unpackedMessageId(sha256, topic, unpack(compressed))
}

/** The message id of what is unpacked already. */
export function unpackedMessageId(
  sha256: HashFunction,
  topic: string,
  unpacked: Unpacked
): Uint8Array {
  return sha256(Buffer.concat(messageIdParts(topic, unpacked))).slice(0, MESSAGE_ID_BYTES)
}

/** What the message id is the sha-256 of, in order, for a hash that takes its input in parts. */
export function messageIdParts(
  topic: string,
  { compressed, content }: Unpacked
): readonly Uint8Array[] {
  const domain = content === undefined ? DOMAIN_INVALID_SNAPPY : DOMAIN_VALID_SNAPPY
  const topicBytes = new TextEncoder().encode(topic)
  const topicLength = new Uint8Array(8)
  new DataView(topicLength.buffer).setBigUint64(0, BigInt(topicBytes.length), true)
  return [domain, topicLength, topicBytes, content ?? compressed]
}

function claimedLength(compressed: Uint8Array): number {
  try {
    return decompressedBytes(compressed)
  } catch (thrown) {
    if (thrown instanceof SnappyError) throw new GossipError(thrown.failure, { cause: thrown })
    throw thrown
  }
}

function assertMessageBytes(sizeBytes: number): void {
  if (sizeBytes < MESSAGE_MIN_BYTES) {
    const minBytes = MESSAGE_MIN_BYTES
    throw new GossipError({ code: 'decompressed-too-small', sizeBytes, minBytes })
  }
  if (sizeBytes > MESSAGE_MAX_BYTES) {
    const maxBytes = MESSAGE_MAX_BYTES
    throw new GossipError({ code: 'decompressed-too-large', sizeBytes, maxBytes })
  }
}

function assertCompressedBytes(sizeBytes: number): void {
  if (sizeBytes > COMPRESSED_MAX_BYTES) {
    const maxBytes = COMPRESSED_MAX_BYTES
    throw new GossipError({ code: 'compressed-too-large', sizeBytes, maxBytes })
  }
}
