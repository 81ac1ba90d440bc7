// Fetches a stretch of blocks from one peer after another until somebody served what was wanted.
import { type SignedBlock } from '../chain/block.ts'
import { type PeerBlocksDeps, requestBlocks } from './peer-blocks.ts'

/** A stretch one peer served, verified, in ascending order. */
export interface FetchedRange {
  readonly kind: 'fetched'
  readonly peer: string
  readonly blocks: readonly SignedBlock[]
  /** Message bytes, uncompressed. */
  readonly bytes: number
}

/** A peer that served nothing more, and why. */
export interface FailedRange {
  readonly kind: 'failed'
  readonly peer: string
  readonly error: unknown
}

/** Stretches of blocks by height. */
export interface RangeFetcher {
  /** `first` and `last` inclusive. The reader stops when it has what it wants; else each peer is tried. */
  fetch(range: {
    readonly first: bigint
    readonly last: bigint
    readonly signal: AbortSignal
  }): AsyncIterable<FetchedRange | FailedRange>
}

/** Blocks of one request; a longer stretch takes several. */
export const RANGE_BLOCKS_MAX = 256n
/** Soft limit of one request's answer: what is held in memory before it is handed over. */
export const RANGE_MAX_BYTES = 16 * 2 ** 20

/** `peers` gives the connected peers that may be asked for blocks up to a height, the best first. */
export function createRangeFetcher(
  deps: PeerBlocksDeps,
  peers: (number: bigint) => readonly string[]
): RangeFetcher {
  return {
    async *fetch({ first, last, signal }) {
      const lowest = last - RANGE_BLOCKS_MAX + 1n
      for (const peer of peers(last)) {
        let start = lowest > first ? lowest : first
        while (start <= last) {
          signal.throwIfAborted()
          const range = { start, count: last - start + 1n, maxBytes: RANGE_MAX_BYTES }
          const { error, ...fetched } = await collect(deps, peer, range, signal)
          if (fetched.blocks.length > 0) yield { ...fetched, kind: 'fetched' }
          if (error !== undefined || fetched.blocks.length === 0) {
            yield { kind: 'failed', peer, error: error ?? new Error('served no block') }
            break
          }
          start += BigInt(fetched.blocks.length)
        }
      }
    }
  }
}

/** One request's blocks; those before a failure count, each is verified on its own. */
async function collect(
  deps: PeerBlocksDeps,
  peer: string,
  range: { start: bigint; count: bigint; maxBytes: number },
  signal: AbortSignal
) {
  const blocks: SignedBlock[] = []
  let bytes = 0
  let error: unknown
  try {
    for await (const block of requestBlocks(deps, peer, range, signal)) {
      blocks.push(block)
      bytes += block.message.length
    }
  } catch (thrown) {
    signal.throwIfAborted()
    error = thrown
  }
  return { peer, blocks, bytes, error }
}
