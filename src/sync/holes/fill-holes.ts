// Brings back stored blocks that were lost below the head: out of what is left here, else from peers by hash.
import { Backoff } from '../../base/backoff.ts'
import { type Clock } from '../../base/clock.ts'
import { type Log } from '../../base/log.ts'
import { errorMessage } from '../../base/node-error.ts'
import { type Service } from '../../base/service.ts'
import { untilAborted } from '../../base/until-aborted.ts'
import { createYielder } from '../../base/yielder.ts'
import { type Block, type BlockRef, type SignedBlock } from '../../chain/blocks/block.ts'
import { type Receipt } from '../../chain/blocks/receipt.ts'
import { type DiffsOutcome, type TakeDiff } from '../fetching/fetch-diffs.ts'
import { type AcceptedBlocks, fillGap } from '../fetching/fill-gap.ts'
import { type HoleMender } from './mend-holes.ts'
import { type HoleRun } from './open-holes.ts'
import { type BlockFetcher, type HeightRange } from '../fetching/range-fetcher.ts'
import { type UnsignedBlocks } from '../fetching/unsigned-blocks.ts'

/** Heights that are looked at in one go; then others have their turn. */
export const SEARCH_BATCH_HEIGHTS = 256n
/** The pause after that, at least, and in proportion to the time it took: a search has all the time in the world. */
export const SEARCH_PAUSE_MS = 100
const SEARCH_PAUSE_FACTOR = 9
/** What nobody served is asked for again after this, then after twice that, up to the maximum. */
export const RETRY_MIN_MS = 5_000
/** The longest pause between two tries. */
export const RETRY_MAX_MS = 60_000
/** Runs that are shown; the others are counted. */
export const RUNS_SHOWN_MAX = 16

/** What filling needs. */
export interface HoleFillerDeps {
  readonly clock: Clock
  readonly log: Log
  readonly mender: HoleMender
  readonly accepted: AcceptedBlocks & {
    acceptedAt(number: bigint): readonly BlockRef[]
  }
  readonly fetcher: BlockFetcher
  /** Where nobody serves a block with its signature; left out: nowhere. */
  readonly unsigned?: UnsignedBlocks
  /** The receipts in a diff of the block, proved by its header. Throws ApplyError `diff-refused`. */
  readonly receiptsOf: (diff: Uint8Array, block: Block) => readonly Receipt[]
  readonly fetchDiffs: (
    heights: HeightRange,
    take: TakeDiff,
    signal: AbortSignal
  ) => Promise<DiffsOutcome>
  /** A block of our key stands beside one that came back: as if it had just come from that peer. */
  readonly onBeside: (block: SignedBlock, from: string) => void
  /** Something came back: what was not possible without it may be tried again. */
  readonly onFilled: () => void
}

/** A run of heights that are not whole, as status shows it. */
export interface ShownRun extends HoleRun {
  /** Why nobody brought it, as far as it was tried. */
  readonly reason: string | undefined
}

/** What status says of them. */
export interface ShownHoles {
  /** From the top down, at most RUNS_SHOWN_MAX. */
  readonly runs: readonly ShownRun[]
  /** How many there are. */
  readonly runsCount: number
}

/** The running search and repair. */
export interface HoleFiller extends Service {
  /** Somebody came who may have it. Never blocks. */
  peersChanged(): void
  shown(): ShownHoles
}

/** Nothing is asked of peers before `run`. */
export function createHoleFiller(deps: HoleFillerDeps): HoleFiller {
  return new Filler(deps)
}

class Filler implements HoleFiller {
  readonly #deps: HoleFillerDeps
  /** By the run's first and last height: what the last try came to. */
  #reasons = new Map<string, string>()
  #named: ReadonlySet<string> = new Set()
  #retryAtMs = 0
  readonly #backoff = new Backoff({ minMs: RETRY_MIN_MS, maxMs: RETRY_MAX_MS })

  constructor(deps: HoleFillerDeps) {
    this.#deps = deps
  }

  peersChanged(): void {
    this.#retryAtMs = 0
    this.#backoff.reset()
  }

  shown(): ShownHoles {
    const runs = this.#deps.mender.holes.runs()
    const shown = runs.slice(0, RUNS_SHOWN_MAX).map((run) => {
      return { ...run, reason: this.#reasons.get(keyOf(run)) }
    })
    return { runs: shown, runsCount: runs.length }
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, mender } = this.#deps
    const { holes } = mender
    this.#name()
    while (!signal.aborted) {
      const startMs = clock.monotonicMs()
      let pauseMs = SEARCH_PAUSE_MS
      try {
        if (!holes.isSearched) await this.#search()
        const restMs = SEARCH_PAUSE_FACTOR * (clock.monotonicMs() - startMs)
        pauseMs = Math.min(Math.max(pauseMs, restMs), RETRY_MIN_MS)
        if (holes.size > 0 && clock.monotonicMs() >= this.#retryAtMs) await this.#fill(signal)
      } catch (thrown) {
        if (signal.aborted) return
        // The node works without what is missing, and says what is.
        log.error('blocks-not-put-back', { reason: errorMessage(thrown) })
        this.#wait()
        await clock.sleep(RETRY_MIN_MS, signal).catch(() => undefined) // aborted: it ends
      }
      const isIdle = holes.isSearched && holes.size === 0
      if (isIdle) await untilAborted(signal)
      else await clock.sleep(pauseMs, signal).catch(() => undefined) // aborted: it ends
    }
  }

  async #search(): Promise<void> {
    const { mender } = this.#deps
    const { holes } = mender
    const before = holes.size
    await mender.searchDownTo(holes.next - SEARCH_BATCH_HEIGHTS + 1n)
    if (holes.size !== before) this.#name()
  }

  #wait(): void {
    this.#retryAtMs = this.#deps.clock.monotonicMs() + this.#backoff.next()
  }

  /** One try at everything, from the top down: a block proves which one its parent is. */
  async #fill(signal: AbortSignal): Promise<void> {
    const { mender, onFilled } = this.#deps
    const { holes } = mender
    const before = holes.lacking(holes.heights)
    const reasons = new Map<string, string>()
    for (const run of holes.runs()) {
      const fetch = run.lacks === 'blocks' ? this.#fetchBlocks : this.#fetchReceipts
      const reason = await fetch.call(this, run, signal)
      if (reason !== undefined) reasons.set(keyOf(run), reason)
    }
    this.#reasons = reasons
    this.#name()
    const after = holes.lacking(holes.heights)
    const isBlockBack = after.blocksCount < before.blocksCount
    if (!isBlockBack && after.receiptsCount >= before.receiptsCount) {
      this.#wait()
      return
    }
    this.peersChanged()
    onFilled()
  }

  /** Why some of it did not come; undefined when all of it did. */
  async #fetchBlocks({ first, last }: HoleRun, signal: AbortSignal): Promise<string | undefined> {
    const { mender, accepted, fetcher, unsigned, log } = this.#deps
    const { holes, chain } = mender
    const peers = new Set<string>()
    const onFetched = ({ peer }: { readonly peer: string }) => void peers.add(peer)
    const before = holes.lacking({ first, last })
    const child = chain.canonicalHash(last + 1n)
    const below = chain.canonicalHash(first - 1n)
    let reason: string | undefined
    if (child !== undefined && below !== undefined) {
      const target = { number: last + 1n, hash: child }
      const floor = { number: first - 1n, hash: below }
      const outcome = await fillGap(
        { accepted, fetcher, unsigned },
        { floor, target, signal },
        { onFetched }
      )
      if (outcome.kind === 'unserved') reason = outcome.reason
    } else {
      reason = await this.#fetchTop(last, onFetched, signal)
    }
    await mender.mend({ first, last })
    await this.#lookBeside({ first, last }, [...peers].join(', '))
    const count = before.blocksCount - holes.lacking({ first, last }).blocksCount
    if (count > 0) log.info('blocks-put-back', { first, last, count, from: [...peers] })
    return reason
  }

  /** A conflict is seen only where it is known which block is ours: now it is. */
  async #lookBeside({ first, last }: HeightRange, from: string): Promise<void> {
    const { mender, accepted, onBeside } = this.#deps
    const yielder = createYielder()
    for (let number = last; number >= first; number--) {
      const ours = mender.chain.canonicalHash(number)
      const others = ours === undefined ? [] : accepted.acceptedAt(number)
      for (const { hash } of others.filter((other) => other.hash !== ours)) {
        const block = accepted.acceptedBlock(hash)
        if (block !== undefined) onBeside(block, from)
      }
      await yielder.maybeYield()
    }
  }

  /** Where the lower end of a run is not known: its highest block alone. */
  async #fetchTop(
    number: bigint,
    onFetched: (slice: { readonly peer: string }) => void,
    signal: AbortSignal
  ): Promise<string | undefined> {
    const { mender, accepted, fetcher, unsigned } = this.#deps
    const hash = mender.holes.update(number)?.hash
    if (hash === undefined) return 'the block above it is not there yet'
    const outcome = await fetcher.block(
      { number, hash },
      async (slice) => {
        await accepted.accept(slice.blocks)
        onFetched(slice)
      },
      { signal }
    )
    if (outcome.kind === 'done') return undefined
    const second = await unsigned?.fetch({ number, hash }, { signal })
    return second?.kind === 'done' ? undefined : errorMessage(outcome.error)
  }

  async #fetchReceipts(run: HoleRun, signal: AbortSignal): Promise<string | undefined> {
    const { mender, receiptsOf, fetchDiffs, log } = this.#deps
    const { holes, chain, local } = mender
    // What kept them from being put back may be there by now.
    await mender.mend(run)
    if (holes.lacking(run).receiptsCount === 0) return undefined
    const peers = new Set<string>()
    let count = 0
    const outcome = await fetchDiffs(
      run,
      async (number, diff, peer) => {
        const hash = chain.canonicalHash(number)
        const block = hash && local.block({ number, hash })
        if (hash === undefined || block === undefined) throw new Error(`${number} is gone again`)
        await chain.putBack({ number, hash, block, receipts: receiptsOf(diff, block) })
        holes.update(number)
        peers.add(peer)
        count += 1
      },
      signal
    )
    const { first, last } = run
    if (count > 0) log.info('receipts-put-back', { first, last, count, from: [...peers] })
    return outcome.kind === 'done' ? undefined : outcome.reason
  }

  /** One line for each run that was not named before. */
  #name(): void {
    const { mender, log } = this.#deps
    const { holes } = mender
    const named = new Set<string>()
    for (const run of holes.runs().slice(0, RUNS_SHOWN_MAX)) {
      const key = `${keyOf(run)} ${this.#reasons.get(keyOf(run)) ?? ''}`
      named.add(key)
      if (this.#named.has(key)) continue
      log.warn('blocks-missing', { ...run, reason: this.#reasons.get(keyOf(run)) })
    }
    this.#named = named
  }
}

function keyOf({ first, last, lacks }: HoleRun): string {
  return `${lacks} ${first.toString()} ${last.toString()}`
}
