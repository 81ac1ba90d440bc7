// blocks_by_hash: block messages by their hashes, canonical or not (README.md).
import { ByteVectorType, ContainerType, ListCompositeType } from '@chainsafe/ssz'
import { MESSAGE_MAX_BYTES } from '../block-message/codec.ts'
import { type VersionedMessage, versionedMessageChunk } from '../block-message/message-chunk.ts'
import { type ProtocolDef, type ValueCodec } from '../protocol-def.ts'
import { ContainerError, createContainerCodec } from '../ssz-container.ts'

/** The blocks with these hashes, as far as the server holds them. */
export interface BlocksByHashRequest {
  /** 1 to 128 hashes of 32 bytes, no two the same. */
  readonly hashes: readonly Uint8Array[]
}

/** Most hashes of one request. */
export const BLOCKS_BY_HASH_COUNT_MAX = 128

const CONTAINER = 'BlocksByHashRequest'
const HASH_BYTES = 32
/** The container's fixed part: where its only field, which has no fixed size, begins. */
const OFFSET_BYTES = 4

const container = createContainerCodec(
  CONTAINER,
  new ContainerType({
    hashes: new ListCompositeType(new ByteVectorType(HASH_BYTES), BLOCKS_BY_HASH_COUNT_MAX)
  })
)

const request: ValueCodec<BlocksByHashRequest> = {
  encode({ hashes }) {
    checkHashes(hashes)
    return container.encode({ hashes: [...hashes] })
  },
  decode(bytes) {
    const { hashes } = container.decode(bytes)
    checkHashes(hashes)
    return { hashes }
  }
}

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

function checkHashes(hashes: readonly Uint8Array[]): void {
  const distinct = new Set(hashes.map((hash) => Buffer.from(hash).toString('hex')))
  const isCountRight = hashes.length >= 1 && hashes.length <= BLOCKS_BY_HASH_COUNT_MAX
  if (isCountRight && distinct.size === hashes.length) return
  throw new ContainerError({ code: 'field-invalid', container: CONTAINER, field: 'hashes' })
}
