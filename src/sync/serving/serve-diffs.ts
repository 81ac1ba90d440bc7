// Serves state_diffs_by_range: stored diffs in ascending order, until one is missing (protocols/state-diffs-by-range).
import { STATE_DIFF_MAX_BYTES } from '../../../protocols/state-diffs-by-range/codec.ts'
import { type RangeRequest } from '../../../protocols/range-request.ts'
import { unlessDamaged } from '../../chain/stored/chain-entry.ts'
import { serveRange } from './serve-range.ts'

/** What serving needs; the canonical block store satisfies it. */
export interface StoredDiffs {
  /** The state diff of the canonical block in SSZ. Throws where it is damaged. */
  diffByNumber(number: bigint): Uint8Array | undefined
}

/** True when the diff can be sent: it is kept, and not too large. */
export function isDiffServed(source: StoredDiffs, number: bigint): boolean {
  return servedDiff(source, number) !== undefined
}

/** At least one if that of `start` is served; stops before the diff that would pass `maxBytes`. */
export function serveStateDiffs(source: StoredDiffs, request: RangeRequest): Generator<Uint8Array> {
  const read = (number: bigint) => servedDiff(source, number)
  return serveRange({ read, sizeBytes: ({ length }) => length }, request)
}

function servedDiff(source: StoredDiffs, number: bigint): Uint8Array | undefined {
  const bytes = unlessDamaged(() => source.diffByNumber(number))
  return bytes !== undefined && bytes.length <= STATE_DIFF_MAX_BYTES ? bytes : undefined
}
