// Serves blocks by height, ascending until one is missing, and by hash (protocols/blocks-by-range, blocks-by-hash).
import { type BlocksByHashRequest } from '../../protocols/blocks-by-hash/codec.ts'
import { type BlocksByRangeRequest } from '../../protocols/blocks-by-range/codec.ts'
import { type VersionedMessage } from '../../protocols/block-message/message-chunk.ts'
import { bytesToHex, type Hex } from '../base/bytes.ts'

/** What serving needs; the canonical block store satisfies it. */
export interface MessageSource {
  /** The signed message of the canonical block; undefined when missing or unsigned. */
  messageByNumber(number: bigint): VersionedMessage | undefined
}

/** At least one if `start` exists; stops before the message that would pass `maxBytes`. */
export function* serveBlocksByRange(
  source: MessageSource,
  { start, count, maxBytes }: BlocksByRangeRequest
): Generator<VersionedMessage> {
  let sentBytes = 0
  for (let offset = 0n; offset < count; offset++) {
    const found = source.messageByNumber(start + offset)
    if (found === undefined) return
    sentBytes += found.message.length
    if (offset > 0n && sentBytes > maxBytes) return
    yield found
  }
}

/** What serving by hash needs; the accepted store satisfies it. */
export interface MessageByHashSource {
  /** Canonical or not; undefined when it is missing or unsigned. */
  acceptedMessage(hash: Hex): VersionedMessage | undefined
}

/** What is held of the request, in its order. */
export function* serveBlocksByHash(
  source: MessageByHashSource,
  { hashes }: BlocksByHashRequest
): Generator<VersionedMessage> {
  for (const hash of hashes) {
    const found = source.acceptedMessage(bytesToHex(hash))
    if (found !== undefined) yield found
  }
}
