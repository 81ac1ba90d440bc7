// state_diffs_by_range: what canonical blocks changed, in ascending order (README.md).
import { type ChunkCodec, type ProtocolDef } from '../protocol-def.ts'
import { createRangeCodec, RANGE_REQUEST_BYTES, type RangeRequest } from '../range-request.ts'
import { assertVersionZero } from '../ssz-container.ts'
import { StateDiffError } from './state-diff-error.ts'

/** Most diffs of one request. */
export const STATE_DIFFS_BY_RANGE_COUNT_MAX = 1024
/** A larger diff is not served. */
export const STATE_DIFF_MAX_BYTES: number = 10 * 2 ** 20

const CHUNK = 'StateDiff'

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
export const STATE_DIFFS_BY_RANGE: ProtocolDef<RangeRequest, Uint8Array> = {
  name: 'state_diffs_by_range',
  version: 1,
  request: createRangeCodec('StateDiffsByRangeRequest', STATE_DIFFS_BY_RANGE_COUNT_MAX),
  chunk: stateDiffBytes,
  limits: {
    requestMaxBytes: RANGE_REQUEST_BYTES,
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
