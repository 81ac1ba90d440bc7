// state_diffs_by_range as this node speaks it: stored diffs, ascending until one is missing (protocols/state-diffs-by-range).
import {
  STATE_DIFF_MAX_BYTES,
  STATE_DIFFS_BY_RANGE
} from '../../../protocols/state-diffs-by-range/codec.ts'
import { type RangeRequest } from '../../../protocols/range-request.ts'
import { NodeError } from '../../base/node-error.ts'
import { unlessDamaged } from '../../chain/stored/chain-entry.ts'
import { RequestRefused } from '../../reqresp/responder.ts'
import { type CheckedProtocol, DEADLINES } from '../../reqresp/served-protocol.ts'
import { serveRange } from './serve-range.ts'

/** What serving needs; the canonical block store satisfies it. */
export interface StoredDiffs {
  /** The state diff of the canonical block in SSZ. Throws where it is damaged. */
  diffByNumber(number: bigint): Uint8Array | undefined
}

/** A diff that a peer served and must not; a heavy fault. */
export interface FalseDiff {
  readonly code: 'diff-false' | 'diff-unrequested'
  readonly peer: string
  readonly number: bigint
  readonly reason: string
}

/** Thrown at such a diff; those before it were still good. */
export class FalseDiffError extends NodeError<FalseDiff> {}

/** Whether a diff is its block's only shows where it is applied: the check is on their number alone. */
export const SERVED_STATE_DIFFS: CheckedProtocol<
  RangeRequest,
  Uint8Array,
  { readonly blocks: StoredDiffs },
  unknown,
  Uint8Array
> = {
  def: STATE_DIFFS_BY_RANGE,
  costTokens: 10,
  lane: 'bulk',
  deadlines: DEADLINES,
  isNeeded: true,
  *serve({ blocks }, asked) {
    if (!isDiffServed(blocks, asked.start)) {
      throw new RequestRefused('unavailable', `no diff of ${asked.start.toString()} is served`)
    }
    yield* serveStateDiffs(blocks, asked)
  },
  async *check({ peer, request: { start, count } }, diffs) {
    let number = start
    for await (const bytes of diffs) {
      if (number === start + count) {
        const reason = 'served more than was asked for'
        throw new FalseDiffError({ code: 'diff-unrequested', peer, number, reason })
      }
      yield bytes
      number += 1n
    }
  }
}

/** At least one if that of `start` is served; stops before the diff that would pass `maxBytes`. */
export function serveStateDiffs(source: StoredDiffs, request: RangeRequest): Generator<Uint8Array> {
  const read = (number: bigint) => servedDiff(source, number)
  return serveRange({ read, sizeBytes: ({ length }) => length }, request)
}

/** True when the diff can be sent: it is kept, and not too large. */
export function isDiffServed(source: StoredDiffs, number: bigint): boolean {
  return servedDiff(source, number) !== undefined
}

function servedDiff(source: StoredDiffs, number: bigint): Uint8Array | undefined {
  const bytes = unlessDamaged(() => source.diffByNumber(number))
  return bytes !== undefined && bytes.length <= STATE_DIFF_MAX_BYTES ? bytes : undefined
}
