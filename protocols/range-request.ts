// The request of a range protocol: so many heights from start on (blocks-by-range and state-diffs-by-range, "Request").
import { ContainerType } from '@chainsafe/ssz'
import { type ValueCodec } from './protocol-def.ts'
import { createContainerCodec, NONE_UINT64, uint32, uint64 } from './ssz-container.ts'

/** The heights `start` to `start + count - 1`, as far as what is sent of them fits into `maxBytes`. */
export interface RangeRequest {
  /** 1 or more: of genesis there is nothing to send. */
  readonly start: bigint
  /** 1 or more; each protocol has its own maximum. */
  readonly count: bigint
  /** Soft limit on the chunks' sizes in sum, uncompressed; u32. The first chunk comes whatever its size. */
  readonly maxBytes: number
}

/** Bytes of every such request. */
export const RANGE_REQUEST_BYTES = 20

/** Its codec under the container's name; more heights than `countMax` are refused on both sides. */
export function createRangeCodec(container: string, countMax: number): ValueCodec<RangeRequest> {
  return createContainerCodec(
    container,
    new ContainerType({ start: uint64, count: uint64, maxBytes: uint32 }),
    ({ start, count }) => {
      if (count < 1n || count > BigInt(countMax)) return 'count'
      return start < 1n || start + count > NONE_UINT64 ? 'start' : undefined
    }
  )
}
