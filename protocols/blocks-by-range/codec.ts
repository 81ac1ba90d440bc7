// blocks_by_range: canonical block messages in ascending order (README.md).
import { ContainerType } from '@chainsafe/ssz'
import { MESSAGE_MAX_BYTES } from '../block-message/codec.ts'
import { type VersionedMessage, versionedMessageChunk } from '../block-message/message-chunk.ts'
import { type ProtocolDef, type ValueCodec } from '../protocol-def.ts'
import {
  ContainerError,
  createContainerCodec,
  NONE_UINT64,
  uint32,
  uint64
} from '../ssz-container.ts'

/** The blocks `start` to `start + count - 1`, as far as they fit into `maxBytes`. */
export interface BlocksByRangeRequest {
  /** 1 or more: genesis has no message. */
  readonly start: bigint
  /** 1..1024. */
  readonly count: bigint
  /** Soft limit on the messages' sizes in sum, uncompressed; u32. The first block comes whatever its size. */
  readonly maxBytes: number
}

/** Most blocks of one request. */
export const BLOCKS_BY_RANGE_COUNT_MAX = 1024

const CONTAINER = 'BlocksByRangeRequest'

const container = createContainerCodec(
  CONTAINER,
  new ContainerType({ start: uint64, count: uint64, maxBytes: uint32 })
)

const request: ValueCodec<BlocksByRangeRequest> = {
  encode(value) {
    checkRange(value)
    return container.encode(value)
  },
  decode(bytes) {
    const value = container.decode(bytes)
    checkRange(value)
    return value
  }
}

/** Each chunk is one block message, its topic version in the chunk's version byte. */
export const BLOCKS_BY_RANGE: ProtocolDef<BlocksByRangeRequest, VersionedMessage> = {
  name: 'blocks_by_range',
  version: 1,
  request,
  chunk: versionedMessageChunk,
  limits: {
    requestMaxBytes: 20,
    chunkMaxBytes: MESSAGE_MAX_BYTES,
    chunksMax: BLOCKS_BY_RANGE_COUNT_MAX
  }
}

function checkRange({ start, count }: BlocksByRangeRequest): void {
  if (count < 1n || count > BigInt(BLOCKS_BY_RANGE_COUNT_MAX)) throwField('count')
  if (start < 1n || start + count > NONE_UINT64) throwField('start')
}

function throwField(field: string): never {
  throw new ContainerError({ code: 'field-invalid', container: CONTAINER, field })
}
