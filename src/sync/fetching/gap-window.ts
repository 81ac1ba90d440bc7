// The stretch of a gap that is being fetched, from the top down: ranges in flight, and how their blocks link.
import { type Hex } from '../../base/bytes.ts'
import { createYielder, type Yielder } from '../../base/yielder.ts'
import { type BlockRef } from '../../chain/blocks/block.ts'
import {
  type BlockFetcher,
  type FetchedSlice,
  type HeightRange,
  RANGE_BLOCKS_MAX,
  RANGE_MAX_BYTES,
  type TakeSlice
} from './range-fetcher.ts'

/** Ranges that are fetched ahead of the walk: with RANGE_BLOCKS_MAX links each this bounds its memory. */
export const WINDOW_RANGES_MAX = 16

/** The latest block counts for so much of the size that is expected of the next ones. */
const LATEST_PART = 1 / 16

/** What the window needs to know of the blocks that are held already. */
export interface HeldHeights {
  /** True when a block of this height is accepted, of whatever branch. */
  isHeldAt(number: bigint): boolean
}

interface OpenRange extends HeightRange {
  /** Hash to parent hash of its blocks. */
  readonly parents: Map<Hex, Hex>
  readonly fetching: Promise<void>
  isSettled: boolean
  /** Why nobody served the rest of it. */
  error: unknown
  /** The lowest height that was not served. */
  next: bigint
}

/** Plans ranges over the heights of a gap that are not held, and has some of them fetched. */
export class GapWindow {
  readonly #held: HeldHeights
  readonly #fetcher: BlockFetcher
  readonly #take: TakeSlice
  readonly #signal: AbortSignal
  readonly #first: bigint
  readonly #yielder: Yielder
  #open: OpenRange[] = []
  /** Bytes of a block's message, as blocks were lately: what comes in one answer is planned by it. */
  #blockBytes: number
  /** The highest height that is not planned yet. */
  #cursor: bigint

  constructor(
    { held, fetcher, take }: { held: HeldHeights; fetcher: BlockFetcher; take: TakeSlice },
    { first, last, blockBytes = 0 }: HeightRange & { readonly blockBytes?: number | undefined },
    signal: AbortSignal
  ) {
    this.#blockBytes = blockBytes
    this.#held = held
    this.#fetcher = fetcher
    this.#take = take
    this.#signal = signal
    this.#first = first
    this.#cursor = last
    this.#yielder = createYielder()
  }

  /** Has ranges fetched until the window is full or the gap's lowest height is reached. */
  async fill(): Promise<void> {
    while (this.#open.length < WINDOW_RANGES_MAX && this.#cursor >= this.#first) {
      const range = await this.#planNext()
      if (range === undefined) return
      this.#open.push(this.#start(range))
    }
  }

  /** The parent of a block that came with a range of the window. */
  parentOf({ number, hash }: BlockRef): Hex | undefined {
    return this.#covering(number)?.parents.get(hash)
  }

  /** Waits for the range with this height. False when none is in flight. */
  async waitFor(number: bigint): Promise<boolean> {
    const range = this.#covering(number)
    if (range === undefined || range.isSettled) return false
    await range.fetching
    return true
  }

  /** What nobody served of the range with this height; undefined when there is no such failure. */
  failure(number: bigint): { readonly first: bigint; readonly error: unknown } | undefined {
    const range = this.#covering(number)
    if (range?.error === undefined) return undefined
    return { first: range.next < number ? range.next : number, error: range.error }
  }

  /** The walk is below this height: what is above it is not needed any more. */
  pass(number: bigint): void {
    while (this.#open[0] !== undefined && this.#open[0].first >= number) this.#open.shift()
  }

  /** Settles once nothing is in flight; never rejects. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#open.map(({ fetching }) => fetching))
    await this.#fetcher.idle()
  }

  #covering(number: bigint): OpenRange | undefined {
    return this.#open.find(({ first, last }) => first <= number && number <= last)
  }

  /** The next heights downwards that are not held, at most one request's; undefined when all are. */
  async #planNext(): Promise<HeightRange | undefined> {
    while (this.#cursor >= this.#first && this.#held.isHeldAt(this.#cursor)) {
      this.#signal.throwIfAborted()
      this.#cursor--
      await this.#yielder.maybeYield()
    }
    if (this.#cursor < this.#first) return undefined
    const last = this.#cursor
    const lowest = last - BigInt(this.#rangeBlocks()) + 1n
    while (
      this.#cursor >= this.#first &&
      this.#cursor >= lowest &&
      !this.#held.isHeldAt(this.#cursor)
    ) {
      this.#cursor--
    }
    return { first: this.#cursor + 1n, last }
  }

  /**
   * As many as one answer has room for: a longer range would be one peer's, request after request, while the others have
   * nothing to do.
   */
  #rangeBlocks(): number {
    const count = Math.floor(RANGE_MAX_BYTES / Math.max(1, this.#blockBytes))
    return Math.max(1, Math.min(RANGE_BLOCKS_MAX, count))
  }

  #start({ first, last }: HeightRange): OpenRange {
    const parents = new Map<Hex, Hex>()
    const take = async (slice: FetchedSlice) => {
      await this.#take(slice)
      for (const { hash, parentHash, number, message } of slice.blocks) {
        parents.set(hash, parentHash)
        range.next = number + 1n
        this.#blockBytes += LATEST_PART * (message.length - this.#blockBytes)
      }
    }
    const fetch = async () => {
      try {
        const outcome = await this.#fetcher.range({ first, last }, take, { signal: this.#signal })
        if (outcome.kind === 'unserved') range.error = outcome.error
      } finally {
        range.isSettled = true
      }
    }
    const range: OpenRange = {
      first,
      last,
      parents,
      isSettled: false,
      error: undefined,
      next: first,
      fetching: Promise.resolve().then(fetch)
    }
    range.fetching.catch(() => undefined) // the caller that waits for the range hears of it
    return range
  }
}
