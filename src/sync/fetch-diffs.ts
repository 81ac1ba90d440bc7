// Fetches state diffs in order from one peer after another, each checked before the next is read.
import {
  STATE_DIFFS_BY_RANGE,
  STATE_DIFFS_BY_RANGE_COUNT_MAX
} from '../../protocols/state-diffs-by-range/codec.ts'
import { ApplyError } from '../apply/apply-error.ts'
import { errorMessage } from '../base/node-error.ts'
import { type RequestChunks } from './peer-blocks.ts'
import { isShortAnswer, SHORT_ANSWERS_MAX } from './peer-record.ts'

/** Soft limit of one answer. */
const ANSWER_MAX_BYTES = 16 * 2 ** 20

/** A diff that a peer served and must not; a heavy fault (protocols.md, "Who is to blame"). */
export interface FalseDiff {
  readonly code: 'diff-false' | 'diff-unrequested'
  readonly peer: string
  readonly number: bigint
  readonly reason: string
}

/** What fetching stands on. */
export interface FetchDiffsDeps {
  readonly request: RequestChunks
  /** Hears of each false diff, to score the peer. */
  readonly onFalse: (failure: FalseDiff) => void
}

/** Heights, inclusive, and whom to ask for them, the best first. */
export interface DiffStretch {
  readonly first: bigint
  readonly last: bigint
  readonly peers: readonly string[]
  readonly signal: AbortSignal
}

/**
 * Checks the diff of the next height and applies it. Throws ApplyError `diff-refused` when it is false, and
 * `diff-of-another-block`.
 */
export type TakeDiff = (number: bigint, bytes: Uint8Array, peer: string) => Promise<void>

/** How it ended; what was taken before a failure stays. */
export type DiffsOutcome =
  { readonly kind: 'done' } | { readonly kind: 'failed'; readonly reason: string }

/**
 * A peer that fails, or serves a false diff, is followed by the next one, which goes on from there; so is one that
 * serves next to nothing in a request, which is asked again after all others.
 */
export async function fetchDiffs(
  deps: FetchDiffsDeps,
  { first, last, peers, signal }: DiffStretch,
  take: TakeDiff
): Promise<DiffsOutcome> {
  let next = first
  let reason = 'no connected peer keeps them'
  const left: string[] = []
  const askEach = async (among: readonly string[], shortMax: number) => {
    for (const peer of among) {
      let shortCount = 0
      while (next <= last && shortCount < shortMax) {
        const wanted = { first: next, last, peer, signal }
        const { takenCount, isShort, failure } = await fetchFrom(deps, wanted, take)
        next += takenCount
        shortCount = isShort ? shortCount + 1 : 0
        if (failure === undefined && takenCount > 0n) continue
        reason = `${peer}: ${failure ?? 'served none'}`
        break
      }
      if (shortCount >= shortMax) left.push(peer)
    }
  }
  await askEach(peers, SHORT_ANSWERS_MAX)
  await askEach(left.splice(0), Infinity)
  return next > last ? { kind: 'done' } : { kind: 'failed', reason }
}

/** One request: how many diffs were taken, and why it ended if that was nobody's choice. */
async function fetchFrom(
  { request, onFalse }: FetchDiffsDeps,
  { first, last, peer, signal }: Omit<DiffStretch, 'peers'> & { readonly peer: string },
  take: TakeDiff
): Promise<{ readonly takenCount: bigint; readonly isShort: boolean; readonly failure?: string }> {
  const wanted = last - first + 1n
  const limit = BigInt(STATE_DIFFS_BY_RANGE_COUNT_MAX)
  const count = wanted < limit ? wanted : limit
  const range = { start: first, count, maxBytes: ANSWER_MAX_BYTES }
  let takenCount = 0n
  let bytesCount = 0
  const ended = () => ({
    takenCount,
    isShort: isShortAnswer({
      askedCount: Number(count),
      itemsCount: Number(takenCount),
      isLimited: bytesCount >= ANSWER_MAX_BYTES / 2
    })
  })
  const blame = (code: FalseDiff['code'], failure: string) => {
    onFalse({ code, peer, number: first + takenCount, reason: failure })
    return { ...ended(), failure }
  }
  try {
    for await (const bytes of request(peer, STATE_DIFFS_BY_RANGE, range, signal)) {
      if (takenCount === count) return blame('diff-unrequested', 'served more than was asked for')
      await take(first + takenCount, bytes, peer)
      takenCount += 1n
      bytesCount += bytes.length
    }
  } catch (thrown) {
    signal.throwIfAborted()
    if (!(thrown instanceof ApplyError)) return { ...ended(), failure: errorMessage(thrown) }
    // A server sends what its own chain has: where that is another branch, nobody is to blame (SD-16).
    if (thrown.failure.code === 'diff-of-another-block') {
      return { ...ended(), failure: 'its chain has another block there' }
    }
    if (thrown.failure.code !== 'diff-refused') throw thrown
    return blame('diff-false', thrown.failure.reason)
  }
  return ended()
}
