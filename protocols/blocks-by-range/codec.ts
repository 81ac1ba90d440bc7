// blocks_by_range: canonical block messages in ascending order (README.md).
import { MESSAGE_MAX_BYTES } from '../block-message/codec.ts'
import { type VersionedMessage, versionedMessageChunk } from '../block-message/message-chunk.ts'
import { type ProtocolDef } from '../protocol-def.ts'
import { createRangeCodec, RANGE_REQUEST_BYTES, type RangeRequest } from '../range-request.ts'

/** Most blocks of one request. */
export const BLOCKS_BY_RANGE_COUNT_MAX = 1024

/** Each chunk is one block message, its topic version in the chunk's version byte. */
export const BLOCKS_BY_RANGE: ProtocolDef<RangeRequest, VersionedMessage> = {
  name: 'blocks_by_range',
  version: 1,
  request: createRangeCodec('BlocksByRangeRequest', BLOCKS_BY_RANGE_COUNT_MAX),
  chunk: versionedMessageChunk,
  limits: {
    requestMaxBytes: RANGE_REQUEST_BYTES,
    chunkMaxBytes: MESSAGE_MAX_BYTES,
    chunksMax: BLOCKS_BY_RANGE_COUNT_MAX
  }
}
