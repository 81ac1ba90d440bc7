// blocks_by_hash: block messages by their hashes, canonical or not (README.md).
import { ByteVectorType, ContainerType, ListCompositeType } from '@chainsafe/ssz'
import { MESSAGE_MAX_BYTES } from '../block-message/codec.ts'
import { type VersionedMessage, versionedMessageChunk } from '../block-message/message-chunk.ts'
import { type ProtocolDef, type ValueCodec } from '../protocol-def.ts'
import { createContainerCodec } from '../ssz-container.ts'

/** The blocks with these hashes, as far as the server holds them. */
export interface BlocksByHashRequest {
  /** 1 to 128 hashes of 32 bytes, no two the same. */
  readonly hashes: readonly Uint8Array[]
}

/** Most hashes of one request. */
export const BLOCKS_BY_HASH_COUNT_MAX = 128

const HASH_BYTES = 32
/** The container's fixed part: where its only field, which has no fixed size, begins. */
const OFFSET_BYTES = 4

const request: ValueCodec<BlocksByHashRequest> = createContainerCodec(
  'BlocksByHashRequest',
  new ContainerType({
    hashes: new ListCompositeType(new ByteVectorType(HASH_BYTES), BLOCKS_BY_HASH_COUNT_MAX)
  }),
  ({ hashes }) => {
    const distinct = new Set(hashes.map((hash) => Buffer.from(hash).toString('hex')))
    const isCountRight = hashes.length >= 1 && hashes.length <= BLOCKS_BY_HASH_COUNT_MAX
    return isCountRight && distinct.size === hashes.length ? undefined : 'hashes'
  }
)

/** Each chunk is one block message, its topic version in the chunk's version byte. */
export const BLOCKS_BY_HASH: ProtocolDef<BlocksByHashRequest, VersionedMessage> = {
  name: 'blocks_by_hash',
  version: 1,
  request,
  chunk: versionedMessageChunk,
  limits: {
    requestMaxBytes: OFFSET_BYTES + HASH_BYTES * BLOCKS_BY_HASH_COUNT_MAX,
    chunkMaxBytes: MESSAGE_MAX_BYTES,
    chunksMax: BLOCKS_BY_HASH_COUNT_MAX
  }
}
