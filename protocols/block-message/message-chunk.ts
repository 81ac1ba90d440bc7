// A block message with its version beside it: the chunk of every protocol that serves blocks.
import { type ChunkCodec } from '../protocol-def.ts'
import { BlockMessageError } from './block-message-error.ts'
import { assertMessageSize, isTopicVersion, type TopicVersion } from './codec.ts'

/** A message as it is gossiped, stored and served, not yet decoded. */
export interface VersionedMessage {
  readonly version: TopicVersion
  /** Uncompressed, signature first; 66 bytes to 10 MiB. */
  readonly message: Uint8Array
}

/** The version travels in the chunk's version byte. The message is bounded but not decoded. */
export const versionedMessageChunk: ChunkCodec<VersionedMessage> = {
  encode({ version, message }) {
    assertMessageSize(message.length)
    return { version, bytes: message }
  },
  decode(version, bytes) {
    assertTopicVersion(version)
    assertMessageSize(bytes.length)
    return { version, message: bytes }
  }
}

/** Throws BlockMessageError for a version byte that is no topic version. */
export function assertTopicVersion(version: number): asserts version is TopicVersion {
  if (!isTopicVersion(version)) throw new BlockMessageError({ code: 'version-unknown', version })
}
