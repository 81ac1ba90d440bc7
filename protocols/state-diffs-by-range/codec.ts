// state_diffs_by_range: what canonical blocks changed, in ascending order (README.md).
import { ContainerType } from '@chainsafe/ssz'
import { type ChunkCodec, type ProtocolDef, type ValueCodec } from '../protocol-def.ts'
import {
  assertVersionZero,
  ContainerError,
  createContainerCodec,
  NONE_UINT64,
  uint32,
  uint64
} from '../ssz-container.ts'
import { StateDiffError } from './state-diff-error.ts'

/** The diffs of the blocks `start` to `start + count - 1`, as far as they fit into `maxBytes`. */
export interface StateDiffsByRangeRequest {
  /** 1 or more: genesis has no diff. */
  readonly start: bigint
  /** 1..1024. */
  readonly count: bigint
  /** Soft limit on the diffs' sizes in sum, uncompressed; u32. The first diff comes whatever its size. */
  readonly maxBytes: number
}

/** Most diffs of one request. */
export const STATE_DIFFS_BY_RANGE_COUNT_MAX = 1024
/** A larger diff is not served. */
export const STATE_DIFF_MAX_BYTES: number = 10 * 2 ** 20

const REQUEST = 'StateDiffsByRangeRequest'
const CHUNK = 'StateDiff'

const container = createContainerCodec(
  REQUEST,
  new ContainerType({ start: uint64, count: uint64, maxBytes: uint32 })
)

const request: ValueCodec<StateDiffsByRangeRequest> = {
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

/** The bytes of one diff, as they are stored: decodeStateDiff reads them (state-diff.ts). */
const stateDiffBytes: ChunkCodec<Uint8Array> = {
  encode(bytes) {
    assertSize(bytes)
    return { version: 0, bytes }
  },
  decode(version, bytes) {
    assertVersionZero(CHUNK, version)
    assertSize(bytes)
    return bytes
  }
}

/** Each chunk is one StateDiff in SSZ. */
export const STATE_DIFFS_BY_RANGE: ProtocolDef<StateDiffsByRangeRequest, Uint8Array> = {
  name: 'state_diffs_by_range',
  version: 1,
  request,
  chunk: stateDiffBytes,
  limits: {
    requestMaxBytes: 20,
    chunkMaxBytes: STATE_DIFF_MAX_BYTES,
    chunksMax: STATE_DIFFS_BY_RANGE_COUNT_MAX
  }
}

function assertSize({ length }: Uint8Array): void {
  if (length <= STATE_DIFF_MAX_BYTES) return
  throw new StateDiffError({
    code: 'diff-too-large',
    sizeBytes: length,
    maxBytes: STATE_DIFF_MAX_BYTES
  })
}

function checkRange({ start, count }: StateDiffsByRangeRequest): void {
  if (count < 1n || count > BigInt(STATE_DIFFS_BY_RANGE_COUNT_MAX)) throwField('count')
  if (start < 1n || start + count > NONE_UINT64) throwField('start')
}

function throwField(field: string): never {
  throw new ContainerError({ code: 'field-invalid', container: REQUEST, field })
}
