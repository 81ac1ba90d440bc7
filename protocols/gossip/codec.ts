// Block messages as gossip carries them: one snappy block each, and the id that tells repeats apart.
import { MESSAGE_MAX_BYTES, MESSAGE_MIN_BYTES } from '../block-message/codec.ts'
import { type HashFunction } from '../hash-function.ts'
import { ProtocolError } from '../protocol-error.ts'
import { compressBlock, decompressBlock, decompressedBytes, SnappyError } from '../snappy-block.ts'

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
  assertCompressedBytes(compressed.length)
  try {
    assertMessageBytes(decompressedBytes(compressed))
    return decompressBlock(compressed, MESSAGE_MAX_BYTES)
  } catch (thrown) {
    if (thrown instanceof SnappyError) throw new GossipError(thrown.failure, { cause: thrown })
    throw thrown
  }
}

/**
 * The gossipsub message id, 20 bytes: sha256(domain(4) ++ u64le(length of topic) ++ topic ++ content)
 * cut short, where content is what `compressed` holds, or itself when it is no block of at most 10 MiB.
 */
export function messageId(sha256: HashFunction, topic: string, compressed: Uint8Array): Uint8Array {
  const message = decompressIfSound(compressed)
  const domain = message === undefined ? DOMAIN_INVALID_SNAPPY : DOMAIN_VALID_SNAPPY
  const topicBytes = new TextEncoder().encode(topic)
  const topicLength = new Uint8Array(8)
  new DataView(topicLength.buffer).setBigUint64(0, BigInt(topicBytes.length), true)
  const preimage = Buffer.concat([domain, topicLength, topicBytes, message ?? compressed])
  return sha256(preimage).slice(0, MESSAGE_ID_BYTES)
}

function decompressIfSound(compressed: Uint8Array): Uint8Array | undefined {
  try {
    return decompressBlock(compressed, MESSAGE_MAX_BYTES)
  } catch (thrown) {
    if (thrown instanceof SnappyError) return undefined
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
