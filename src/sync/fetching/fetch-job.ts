// One piece of fetching that any of several peers may do, and how it ended.
import { type Delivery } from './peer-record.ts'

/** How one peer's attempt at a piece ended. What is thrown instead is our own failure, and ends the work. */
export type AttemptResult =
  /** Nothing of the piece is left to fetch. */
  | { readonly kind: 'done'; readonly delivery?: Delivery }
  /** Some of it came; the rest is asked for anew, of the peer that does best. */
  | { readonly kind: 'part'; readonly delivery?: Delivery }
  /** `hasPart`: some of it came before. */
  | { readonly kind: 'failed'; readonly error: unknown; readonly hasPart: boolean }

/** One piece of work that any of several peers may do. Attempts of one piece may overlap. */
export interface FetchJob {
  /** Peers that may be asked, the best first; read anew each time. */
  readonly peers: () => readonly string[]
  /** `onArrived` is to be called whenever something came, since a silent peer loses its turn. */
  readonly attempt: (
    peer: string,
    signal: AbortSignal,
    onArrived: () => void
  ) => Promise<AttemptResult>
}

/** How a piece ended. */
export type FetchOutcome =
  | { readonly kind: 'done'; readonly peer: string }
  /** Every peer failed it; what the last one said. */
  | { readonly kind: 'unserved'; readonly error: unknown }

/** Why a peer lost a piece to another one that was faster. */
export type Slowness = 'stall' | 'trickle'
