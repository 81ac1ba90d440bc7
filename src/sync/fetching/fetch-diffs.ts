// Fetches state diffs in order from one peer after another, each checked before the next is read.
import { STATE_DIFFS_BY_RANGE_COUNT_MAX } from '../../../protocols/state-diffs-by-range/codec.ts'
import { ApplyError } from '../../apply/apply-error.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import { errorMessage } from '../../base/node-error.ts'
import { requestChecked, type RequestChunks } from '../protocols/asking.ts'
import {
  type FalseDiff,
  FalseDiffError,
  SERVED_STATE_DIFFS
} from '../protocols/state-diffs-by-range.ts'
import { judgeFailure } from './fetch-failure.ts'
import { isShortAnswer, SHORT_ANSWERS_MAX } from './peer-record.ts'

/** Soft limit of one answer. */
const ANSWER_MAX_BYTES = 16 * 2 ** 20
/** Strangers that are asked, after all configured peers: each that stalls costs its deadline. */
export const STRANGERS_ASKED_MAX = 4
/** Peers that said when they may be asked again are waited for so often, and no longer than this in all. */
const WAITS_MAX = 10
/** The longest time that is waited for them. */
export const WAITED_MAX_MS = 30_000

/** Dependencies of fetching. */
export interface FetchDiffsDeps {
  readonly request: RequestChunks
  /** Hears of each false diff, to score the peer. */
  readonly onFalse: (failure: FalseDiff) => void
  readonly clock?: Pick<Clock, 'monotonicMs' | 'sleep'>
  /** True for a peer that is asked before strangers are; left out: all are alike. */
  readonly isConfigured?: (peer: string) => boolean
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

/** Consecutive diffs of one peer. */
export interface FetchedDiffs {
  readonly first: bigint
  readonly diffs: readonly Uint8Array[]
  readonly peer: string
}

/**
 * Checks the diffs of the next heights and applies them. Where one is false, those before it stay: throws ApplyError as
 * TakeDiff does, with the height of the false one.
 */
export type TakeDiffs = (fetched: FetchedDiffs) => Promise<void>

/** How many are handed over at once; what one peer's answer may hold in memory beside. */
export interface DiffsBatchBounds {
  readonly count: number
  readonly bytes: number
}

/** For those that are written in one batch: what catching up may hold in memory. */
export const DIFFS_BATCH: DiffsBatchBounds = { count: 64, bytes: 4 * 2 ** 20 }
/** One by one. */
const SINGLE: DiffsBatchBounds = { count: 1, bytes: 0 }

/** How it ended; what was taken before a failure stays. */
export type DiffsOutcome =
  { readonly kind: 'done' } | { readonly kind: 'failed'; readonly reason: string }

/**
 * A peer that fails, or serves a false diff, is followed by the next one, which goes on from there; so is one that
 * serves next to nothing in a request, which is asked again after all others. One that said when it may be asked
 * again is asked again then, should it still be needed.
 */
export async function fetchDiffs(
  deps: FetchDiffsDeps,
  stretch: DiffStretch,
  take: TakeDiff
): Promise<DiffsOutcome> {
  return fetchDiffsInBatches(deps, stretch, SINGLE, async ({ first, diffs, peer }) => {
    for (const bytes of diffs) await take(first, bytes, peer)
  })
}

/** The same, several at once: as many as came together, up to a bound. */
export async function fetchDiffsInBatches(
  deps: FetchDiffsDeps,
  { first, last, peers, signal }: DiffStretch,
  bounds: DiffsBatchBounds,
  take: TakeDiffs
): Promise<DiffsOutcome> {
  const { clock = systemClock } = deps
  const untilMs = clock.monotonicMs() + WAITED_MAX_MS
  let next = first
  let reason = 'no connected peer keeps them'
  const left: string[] = []
  const waiting = new Map<string, number>()
  const askEach = async (among: readonly string[], shortMax: number) => {
    for (const peer of among) {
      let shortCount = 0
      while (next <= last && shortCount < shortMax) {
        const wanted = { first: next, last, peer, signal }
        const { takenCount, isShort, failure, waitMs } = await fetchFrom(deps, wanted, {
          bounds,
          take
        })
        next += takenCount
        shortCount = isShort ? shortCount + 1 : 0
        if (failure === undefined && takenCount > 0n) continue
        reason = `${peer}: ${failure ?? 'served none'}`
        if (waitMs !== undefined) waiting.set(peer, clock.monotonicMs() + waitMs)
        break
      }
      if (shortCount >= shortMax) left.push(peer)
    }
  }
  await askEach(inOrder(deps, peers), SHORT_ANSWERS_MAX)
  await askEach(left.splice(0), Infinity)
  for (let count = 0; count < WAITS_MAX && next <= last; count++) {
    const [soonest] = [...waiting].sort(([, one], [, other]) => one - other)
    if (soonest === undefined || soonest[1] > untilMs) break
    await clock.sleep(Math.max(0, soonest[1] - clock.monotonicMs()), signal)
    waiting.delete(soonest[0])
    await askEach([soonest[0]], Infinity)
  }
  return next > last ? { kind: 'done' } : { kind: 'failed', reason }
}

function inOrder(
  { isConfigured = () => true }: Pick<FetchDiffsDeps, 'isConfigured'>,
  peers: readonly string[]
): readonly string[] {
  const strangers = peers.filter((peer) => !isConfigured(peer))
  return [...peers.filter(isConfigured), ...strangers.slice(0, STRANGERS_ASKED_MAX)]
}

interface FetchedFrom {
  readonly takenCount: bigint
  readonly isShort: boolean
  readonly failure?: string
  /** The peer may be asked again after so long. */
  readonly waitMs?: number
}

/** What of a request's diffs is handed over together, and what of them was taken. */
class DiffsHandover {
  readonly #bounds: DiffsBatchBounds
  readonly #take: TakeDiffs
  readonly #peer: string
  #next: bigint
  #waiting: Uint8Array[] = []
  #waitingBytes = 0

  constructor(
    { first, peer }: { readonly first: bigint; readonly peer: string },
    { bounds, take }: { readonly bounds: DiffsBatchBounds; readonly take: TakeDiffs }
  ) {
    this.#next = first
    this.#peer = peer
    this.#bounds = bounds
    this.#take = take
  }

  /** The first height that was not taken yet. */
  get next(): bigint {
    return this.#next
  }

  async add(bytes: Uint8Array): Promise<void> {
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    const { count, bytes: maxBytes } = this.#bounds
    if (this.#waiting.length >= count || this.#waitingBytes >= maxBytes) await this.hand()
  }

  /** What came so far is taken, or the first false one of it is thrown. */
  async hand(): Promise<void> {
    const diffs = this.#waiting
    if (diffs.length === 0) return
    this.#waiting = []
    this.#waitingBytes = 0
    const first = this.#next
    const end = first + BigInt(diffs.length)
    try {
      await this.#take({ first, diffs, peer: this.#peer })
      this.#next = end
    } catch (thrown) {
      const failed = thrown instanceof ApplyError ? thrown.failure.number : first
      if (failed > first && failed < end) this.#next = failed
      throw thrown
    }
  }
}

/** One request: how many diffs were taken, and why it ended if that was nobody's choice. */
async function fetchFrom(
  { request, onFalse }: FetchDiffsDeps,
  { first, last, peer, signal }: Omit<DiffStretch, 'peers'> & { readonly peer: string },
  taking: { readonly bounds: DiffsBatchBounds; readonly take: TakeDiffs }
): Promise<FetchedFrom> {
  const wanted = last - first + 1n
  const limit = BigInt(STATE_DIFFS_BY_RANGE_COUNT_MAX)
  const count = wanted < limit ? wanted : limit
  const range = { start: first, count, maxBytes: ANSWER_MAX_BYTES }
  const handover = new DiffsHandover({ first, peer }, taking)
  let bytesCount = 0
  const ended = () => ({
    takenCount: handover.next - first,
    isShort: isShortAnswer({
      askedCount: Number(count),
      itemsCount: Number(handover.next - first),
      isLimited: bytesCount >= ANSWER_MAX_BYTES / 2
    })
  })
  let thrown: unknown
  try {
    const asked = { peer, question: range }
    for await (const bytes of requestChecked({ request }, SERVED_STATE_DIFFS, asked, signal)) {
      bytesCount += bytes.length
      await handover.add(bytes)
    }
  } catch (failure) {
    thrown = failure
  }
  signal.throwIfAborted()
  try {
    await handover.hand() // what came whole before the answer ended is good all the same
  } catch (failure) {
    thrown = failure
  }
  signal.throwIfAborted()
  return { ...ended(), ...judgeEnd({ onFalse }, { peer, number: handover.next }, thrown) }
}

/** Why a request ended; nothing where it ended as it should. Throws what is our own failure. */
function judgeEnd(
  { onFalse }: Pick<FetchDiffsDeps, 'onFalse'>,
  at: { readonly peer: string; readonly number: bigint },
  thrown: unknown
): Pick<FetchedFrom, 'failure' | 'waitMs'> {
  if (thrown === undefined) return {}
  const blame = (code: FalseDiff['code'], failure: string) => {
    onFalse({ code, ...at, reason: failure })
    return { failure }
  }
  if (thrown instanceof FalseDiffError) return blame(thrown.failure.code, thrown.failure.reason)
  if (!(thrown instanceof ApplyError)) {
    const judged = judgeFailure(thrown)
    const wait = judged.kind === 'wait' ? { waitMs: judged.waitMs } : {}
    return { failure: errorMessage(thrown), ...wait }
  }
  // A server sends what its own chain has: where that is another branch, nobody is to blame (SD-16).
  if (thrown.failure.code === 'diff-of-another-block') {
    return { failure: 'its chain has another block there' }
  }
  if (thrown.failure.code !== 'diff-refused') throw thrown
  return blame('diff-false', thrown.failure.reason)
}
