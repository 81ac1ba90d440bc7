// The protocols of the suite and their limits, as their pages give them.
import { BLOCKS_BY_HASH } from '../blocks-by-hash/codec.ts'
import { BLOCKS_BY_RANGE } from '../blocks-by-range/codec.ts'
import { type ProtocolLimits } from '../protocol-def.ts'
import { SIGNED_TIP } from '../signed-tip/codec.ts'
import { STATE_DIFFS_BY_RANGE } from '../state-diffs-by-range/codec.ts'
import { STATUS } from '../status/codec.ts'
import { type ProtocolName } from './frames.ts'

/** The limits of each. */
export const LIMITS: Readonly<Record<ProtocolName, ProtocolLimits>> = {
  status: STATUS.limits,
  signed_tip: SIGNED_TIP.limits,
  blocks_by_range: BLOCKS_BY_RANGE.limits,
  blocks_by_hash: BLOCKS_BY_HASH.limits,
  state_diffs_by_range: STATE_DIFFS_BY_RANGE.limits
}

/** All of them. */
export const PROTOCOLS = Object.keys(LIMITS) as readonly ProtocolName[]

const HASH_BYTES = 32
const OFFSET_BYTES = 4

/** True for the sizes that a whole request can have: one, but for the list of blocks_by_hash. */
export function isWholeSize(protocol: ProtocolName, length: number): boolean {
  const { requestMaxBytes } = LIMITS[protocol]
  if (protocol !== 'blocks_by_hash') return length === requestMaxBytes
  const hashesBytes = length - OFFSET_BYTES
  return hashesBytes > 0 && hashesBytes % HASH_BYTES === 0 && length <= requestMaxBytes
}
