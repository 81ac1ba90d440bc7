// Brings the blocks below the oldest stored one: a chain that was joined further up has none there (src/chain/README.md, "History").
import { Backoff } from '../../base/backoff.ts'
import { type Hex } from '../../base/bytes.ts'
import { type Clock } from '../../base/clock.ts'
import { type Log } from '../../base/log.ts'
import { errorMessage } from '../../base/node-error.ts'
import { SerialExecutor } from '../../base/serial.ts'
import { type Service } from '../../base/service.ts'
import { untilAborted } from '../../base/until-aborted.ts'
import { type Block, type BlockRef, type SignedBlock } from '../../chain/blocks/block.ts'
import { isSigned } from '../../chain/blocks/block-content.ts'
import { type StoredHistory } from '../../chain/stored/chain-history.ts'
import { type DiffsOutcome, type TakeDiffs } from '../fetching/fetch-diffs.ts'
import { fetchAncestors, type FillGapDeps } from '../fetching/fill-gap.ts'
import { type FetchedSlice, type HeightRange } from '../fetching/range-fetcher.ts'
import { RETRY_MAX_MS, RETRY_MIN_MS } from './fill-holes.ts'
import { HeldBlocks } from './held-blocks.ts'

/** How far down blocks are brought: so many up to the head, or down to the first. */
export type HistoryDepth = bigint | 'all'

/** Blocks of one walk; one hash of each is kept meanwhile. */
const WALK_BLOCKS = 1_024n
/** One synced batch holds so many blocks, or so many bytes of them. */
const BATCH_BLOCKS = 64
const BATCH_BYTES = 4 * 2 ** 20
/** Walks that may wait for one another: recovery's and the one behind the head. */
const WALKS_MAX = 8

/** What is filled. */
export interface BackfilledChain {
  readonly head: () => BlockRef
  readonly history: () => StoredHistory
  readonly canonicalHash: (number: bigint) => Hex | undefined
  /** With a signature or without one. */
  readonly block: (hash: Hex) => Block | undefined
  readonly acceptedAt: (number: bigint) => readonly BlockRef[]
  /** From the top down, each named by the one above it. Throws otherwise. */
  readonly putBelow: (below: readonly Block[]) => Promise<void>
  /** Those in a peer's diffs, proved by the headers, in one batch. Throws ApplyError; those before the false one are kept. */
  readonly takeReceipts: (
    steps: readonly { readonly block: Block; readonly bytes: Uint8Array }[]
  ) => Promise<void>
}

/** What filling needs. */
export interface BackfillDeps {
  readonly clock: Clock
  readonly log: Log
  readonly chain: BackfilledChain
  readonly blocks: FillGapDeps
  /** In batches. */
  readonly fetchDiffs: (
    heights: HeightRange,
    take: TakeDiffs,
    signal: AbortSignal
  ) => Promise<DiffsOutcome>
  /** The lowest height whose diff a connected peer says it keeps; a hint. */
  readonly oldestServedDiff: () => bigint | undefined
  /** A block of our key stands beside one that came: as if it had just come. */
  readonly onBeside: (block: SignedBlock, from: string) => void
  readonly depth: HistoryDepth
}

/** What status says of it. */
export interface ShownHistory extends StoredHistory {
  /** Down to here blocks are wanted. */
  readonly wanted: bigint
  /** Why it does not go on; undefined while it does, or has all. */
  readonly reason: string | undefined
}

/** Fills in the background while it runs, and at once where recovery needs hashes. */
export interface Backfill extends Service {
  /** Down to this height. Resolves with the reason when nobody served the rest. */
  down(
    to: bigint,
    signal: AbortSignal,
    onFetched?: (slice: FetchedSlice) => void
  ): Promise<string | undefined>
  /** Of an accepted block, out of a peer's diff, where one has it. */
  receipts(block: Block, signal: AbortSignal): Promise<void>
  /** Blocks are wanted down to this height, whatever the depth. Never blocks. */
  need(number: bigint): void
  /** Somebody came who may have what is missing, or the head jumped. Never blocks. */
  wake(): void
  shown(): ShownHistory
}

/** One per node. Nothing is asked of peers before `run` or `down`. */
export function createBackfill(deps: BackfillDeps): Backfill {
  return new Filler(deps)
}

class Filler implements Backfill {
  readonly #deps: BackfillDeps
  readonly #walks = new SerialExecutor('back-fill', WALKS_MAX)
  readonly #backoff = new Backoff({ minMs: RETRY_MIN_MS, maxMs: RETRY_MAX_MS })
  #reason: string | undefined
  #needed: bigint | undefined
  #wakeUp: AbortController = new AbortController()

  constructor(deps: BackfillDeps) {
    this.#deps = deps
  }

  wake(): void {
    this.#backoff.reset()
    this.#wakeUp.abort()
  }

  need(number: bigint): void {
    if (number >= this.#wanted()) return
    this.#needed = number
    this.wake()
  }

  async receipts(block: Block, signal: AbortSignal): Promise<void> {
    const { number, hash } = block
    const held = new HeldBlocks((wanted) => this.#deps.chain.block(wanted))
    await this.#takeReceipts({ first: number, last: number }, { path: [hash], held }, signal)
  }

  shown(): ShownHistory {
    return { ...this.#deps.chain.history(), wanted: this.#wanted(), reason: this.#reason }
  }

  async down(
    to: bigint,
    signal: AbortSignal,
    onFetched: (slice: FetchedSlice) => void = () => undefined
  ): Promise<string | undefined> {
    const reason = await this.#fill(to, signal, onFetched)
    // What lies further down is brought behind the head: the chain may have begun there just now.
    this.wake()
    return reason
  }

  async #fill(
    to: bigint,
    signal: AbortSignal,
    onFetched: (slice: FetchedSlice) => void
  ): Promise<string | undefined> {
    const { chain, log } = this.#deps
    const from = chain.history().oldestBlock
    let reason: string | undefined
    while (reason === undefined && chain.history().oldestBlock > to) {
      reason = await this.#walks.run(() => this.#walk(to, signal, onFetched))
    }
    const { oldestBlock } = chain.history()
    if (oldestBlock < from) log.info('history-filled', { first: oldestBlock, last: from - 1n })
    return reason
  }

  async run(signal: AbortSignal): Promise<void> {
    const { chain, clock, log } = this.#deps
    while (!signal.aborted) {
      this.#wakeUp = new AbortController()
      try {
        this.#reason = await this.#fill(this.#wanted(), signal, () => undefined)
      } catch (thrown) {
        if (signal.aborted) return
        this.#reason = errorMessage(thrown)
      }
      const { oldestBlock } = chain.history()
      if (this.#reason !== undefined)
        log.warn('history-missing', { oldestBlock, reason: this.#reason })
      const inner = AbortSignal.any([signal, this.#wakeUp.signal])
      if (this.#reason === undefined) {
        await untilAborted(inner)
        continue
      }
      await clock.sleep(this.#backoff.next(), inner).catch(() => undefined) // aborted: it goes on, or ends
    }
  }

  #wanted(): bigint {
    const { chain, depth } = this.#deps
    const lowest = depth === 'all' ? 1n : chain.head().number - depth + 1n
    const wanted = this.#needed !== undefined && this.#needed < lowest ? this.#needed : lowest
    return wanted < 1n ? 1n : wanted
  }

  /** One stretch below the oldest block. */
  async #walk(
    to: bigint,
    signal: AbortSignal,
    onFetched: (slice: FetchedSlice) => void
  ): Promise<string | undefined> {
    const { chain, blocks } = this.#deps
    const { oldestBlock } = chain.history()
    const hash = chain.canonicalHash(oldestBlock)
    if (hash === undefined) return `block ${oldestBlock} is lost`
    if (oldestBlock <= to) return undefined
    const lowest = oldestBlock - WALK_BLOCKS > to ? oldestBlock - WALK_BLOCKS : to
    const target = { number: oldestBlock, hash }
    const held = new HeldBlocks((wanted) => chain.block(wanted))
    const onSlice = (slice: FetchedSlice) => {
      held.add(slice.blocks)
      onFetched(slice)
    }
    const wanted = { target, lowest, signal }
    const outcome = await fetchAncestors(blocks, wanted, { onFetched: onSlice })
    if (outcome.kind === 'unserved') return outcome.reason
    const below = outcome.path.slice(0, -1)
    const heights = { first: lowest, last: oldestBlock - 1n }
    await this.#takeReceipts(heights, { path: below, held }, signal)
    await this.#putBelow(below.reverse(), held)
    return undefined
  }

  /** Where nobody keeps diffs so old, the blocks come without. */
  async #takeReceipts(
    heights: HeightRange,
    { path, held }: { readonly path: readonly Hex[]; readonly held: HeldBlocks },
    signal: AbortSignal
  ): Promise<void> {
    const { chain, fetchDiffs, oldestServedDiff } = this.#deps
    const at = (number: bigint) => held.require(path[Number(number - heights.first)])
    const served = oldestServedDiff()
    if (served === undefined) return
    let first = served > heights.first ? served : heights.first
    while (first <= heights.last && at(first).transactions.length === 0) first += 1n
    if (first > heights.last) return
    const take: TakeDiffs = ({ first: from, diffs }) =>
      chain.takeReceipts(diffs.map((bytes, index) => ({ block: at(from + BigInt(index)), bytes })))
    await fetchDiffs({ first, last: heights.last }, take, signal)
  }

  async #putBelow(descending: readonly Hex[], held: HeldBlocks): Promise<void> {
    const { chain } = this.#deps
    let batch: Block[] = []
    let bytes = 0
    for (const [index, hash] of descending.entries()) {
      const block = held.require(hash)
      batch.push(block)
      bytes += isSigned(block) ? block.message.length : 0
      const isFull = batch.length === BATCH_BLOCKS || bytes >= BATCH_BYTES
      if (!isFull && index + 1 < descending.length) continue
      await chain.putBelow(batch)
      this.#lookBeside(batch)
      batch = []
      bytes = 0
    }
  }

  /** A conflict is seen only where it is known which block is ours: now it is. */
  #lookBeside(below: readonly Block[]): void {
    const { chain, blocks, onBeside } = this.#deps
    for (const { number, hash } of below) {
      for (const other of chain.acceptedAt(number)) {
        const block = other.hash === hash ? undefined : blocks.accepted.acceptedBlock(other.hash)
        if (block !== undefined) onBeside(block, 'self')
      }
    }
  }
}
