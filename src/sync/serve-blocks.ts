// Serves blocks_by_range: canonical messages in ascending order, until one is missing (protocols/blocks-by-range).
import { type BlocksByRangeRequest } from '../../protocols/blocks-by-range/codec.ts'
import { type VersionedMessage } from '../../protocols/block-message/message-chunk.ts'

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
