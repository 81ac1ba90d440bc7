// Blocks of a range, or one by its hash, from whichever peer serves them; handed over in slices as they come.
import { type Hex } from '../../base/bytes.ts'
import { type Clock } from '../../base/clock.ts'
import { SerialExecutor } from '../../base/serial.ts'
import { createYielder } from '../../base/yielder.ts'
import { type SignedBlock } from '../../chain/blocks/block.ts'
import { type AttemptResult, type FetchOutcome, type Slowness } from './fetch-job.ts'
import { FetchPool } from './fetch-pool.ts'
import { type PeerBlocksDeps, requestBlocks, requestBlocksByHash } from './peer-blocks.ts'

/** Consecutive blocks that one peer served, verified, in ascending order. */
export interface FetchedSlice {
  readonly peer: string
  readonly blocks: readonly SignedBlock[]
  /** Message bytes, uncompressed. */
  readonly bytes: number
}

/** Takes a slice; the rest of its answer is read once it has settled. What it throws ends the fetching. */
export type TakeSlice = (slice: FetchedSlice) => Promise<void>

/** Heights, both inclusive. */
export interface HeightRange {
  readonly first: bigint
  readonly last: bigint
}

/** Fetches blocks from several peers at once. Rejects when aborted, and with what `take` threw. */
export interface BlockFetcher {
  /** At most RANGE_BLOCKS_MAX blocks by height, of whatever branch the peers serve; from `only`, when given. */
  range(
    range: HeightRange,
    take: TakeSlice,
    options: { readonly signal: AbortSignal; readonly only?: string }
  ): Promise<FetchOutcome>
  /** The block with this hash. */
  block(
    block: { readonly number: bigint; readonly hash: Hex },
    take: TakeSlice,
    options: { readonly signal: AbortSignal }
  ): Promise<FetchOutcome>
  /** Settles once nothing is under way. */
  idle(): Promise<void>
}

/** Blocks of one request; a longer stretch takes several. */
export const RANGE_BLOCKS_MAX = 256
/** Soft limit of one request's answer, so that a peer has it in time. */
export const RANGE_MAX_BYTES = 4 * 2 ** 20
/** A slice is handed over when it has so many bytes or blocks: what one request may hold in memory. */
const SLICE_BYTES = RANGE_MAX_BYTES
const SLICE_BLOCKS = 64
/** Slices of one range that may wait to be taken: one for each peer that works on it. */
const SLICES_MAX = 16

/** Dependencies of fetching. */
export interface BlockFetcherDeps {
  readonly clock: Clock
  readonly blocks: PeerBlocksDeps
  /** The connected peers that may be asked for blocks up to a height, the best first. */
  readonly peers: (number: bigint) => readonly string[]
  readonly onSlow: (peer: string, slowness: Slowness) => void
  /** True for a peer that is asked before strangers are; left out: all are alike. */
  readonly isConfigured?: (peer: string) => boolean
}

/** Makes a fetcher; it remembers which peers failed or were slow. */
export function createBlockFetcher({
  clock,
  blocks,
  peers,
  onSlow,
  isConfigured = () => true
}: BlockFetcherDeps): BlockFetcher {
  const pool = new FetchPool({ clock, onSlow, isConfigured })
  return {
    range({ first, last }, take, { signal, only }) {
      const among = () => peers(last).filter((peer) => only === undefined || peer === only)
      const fetching = new RangeFetching(blocks, { first, last }, take)
      const attempt = fetching.attempt.bind(fetching)
      return pool.fetch({ peers: among, attempt }, signal)
    },
    block({ number, hash }, take, { signal }) {
      const attempt = (peer: string, inner: AbortSignal) =>
        attemptHash({ blocks, peer, hash, take }, inner)
      return pool.fetch({ peers: () => peers(number), attempt }, signal)
    },
    idle: () => pool.idle()
  }
}

/** One range, which several peers may be working on; each goes on where the slices taken so far end. */
class RangeFetching {
  readonly #blocks: PeerBlocksDeps
  readonly #last: bigint
  readonly #take: TakeSlice
  readonly #taking = new SerialExecutor('slices', SLICES_MAX)
  #next: bigint

  constructor(blocks: PeerBlocksDeps, { first, last }: HeightRange, take: TakeSlice) {
    this.#blocks = blocks
    this.#next = first
    this.#last = last
    this.#take = take
  }

  async attempt(peer: string, signal: AbortSignal, onArrived: () => void): Promise<AttemptResult> {
    const start = this.#next
    const range = { start, count: this.#last - start + 1n, maxBytes: RANGE_MAX_BYTES }
    const reader = requestBlocks(this.#blocks, peer, range, signal)
    let slice: SignedBlock[] = []
    let sliceBytes = 0
    let itemsCount = 0
    let bytes = 0
    let error: unknown
    const yielder = createYielder()
    try {
      while (error === undefined) {
        const read = await reader.next().catch((thrown: unknown) => {
          error = thrown
        })
        if (read === undefined || read.done === true) break
        onArrived()
        await yielder.maybeYield()
        slice.push(read.value)
        sliceBytes += read.value.message.length
        itemsCount += 1
        bytes += read.value.message.length
        if (sliceBytes < SLICE_BYTES && slice.length < SLICE_BLOCKS) continue
        await this.#hand(peer, slice)
        onArrived()
        slice = []
        sliceBytes = 0
      }
      if (!signal.aborted) await this.#hand(peer, slice)
    } finally {
      await reader.return(undefined)
    }
    const isLimited = bytes >= RANGE_MAX_BYTES / 2
    const delivery = { askedCount: Number(range.count), itemsCount, bytes, isLimited }
    if (this.#next > this.#last) return { kind: 'done', delivery }
    const hasPart = this.#next > start
    if (error === undefined && hasPart) return { kind: 'part', delivery }
    return { kind: 'failed', error: error ?? new Error('served no block'), hasPart }
  }

  /** Leaves out what another peer brought meanwhile. */
  async #hand(peer: string, slice: readonly SignedBlock[]): Promise<void> {
    await this.#taking.run(async () => {
      const blocks = slice.filter(({ number }) => number >= this.#next)
      const last = blocks.at(-1)
      if (last === undefined) return
      await this.#take({ peer, blocks, bytes: sizeOf(blocks) })
      this.#next = last.number + 1n
    })
  }
}

async function attemptHash(
  {
    blocks,
    peer,
    hash,
    take
  }: {
    readonly blocks: PeerBlocksDeps
    readonly peer: string
    readonly hash: Hex
    readonly take: TakeSlice
  },
  signal: AbortSignal
): Promise<AttemptResult> {
  let found: SignedBlock | undefined
  try {
    for await (const block of requestBlocksByHash(blocks, peer, [hash], signal)) found = block
  } catch (error) {
    return { kind: 'failed', error, hasPart: false }
  }
  if (found === undefined) {
    return { kind: 'failed', error: new Error('served no block'), hasPart: false }
  }
  await take({ peer, blocks: [found], bytes: sizeOf([found]) })
  return { kind: 'done' }
}

function sizeOf(blocks: readonly SignedBlock[]): number {
  return blocks.reduce((sum, { message }) => sum + message.length, 0)
}
