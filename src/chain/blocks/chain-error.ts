// What can go wrong with stored blocks, a genesis, a header.
import { type Hex } from '../../base/bytes.ts'
import { NodeError } from '../../base/node-error.ts'

/** One thing that is wrong with a genesis file. */
export interface GenesisProblem {
  /** Where, as in `config.rekindle.signers[0].address`; empty for the file as a whole. */
  readonly key: string
  readonly problem: string
}

/** One closed union for the folder, apart from verify-message.ts and link.ts, whose failures are peers'. */
export type ChainFailure =
  | { readonly code: 'genesis-invalid'; readonly problems: readonly GenesisProblem[] }
  /** The store was begun with another genesis; nothing of it was changed. */
  | { readonly code: 'genesis-mismatch'; readonly stored: Hex; readonly configured: Hex }
  /** The store holds blocks and no genesis: something of it is lost, and it is not begun anew. */
  | { readonly code: 'genesis-missing'; readonly found: string }
  | { readonly code: 'signers-invalid'; readonly reason: string }
  | {
      readonly code: 'block-time-invalid'
      readonly preset: string
      readonly blockTimeMs: number
      readonly reason: string
    }
  /** A header of a block whose base fee is wanted is not in Holocene form, or its gas target is 0. */
  | { readonly code: 'extra-data-invalid'; readonly extraData: Hex }
  | { readonly code: 'header-malformed'; readonly reason: string }
  | { readonly code: 'receipt-malformed'; readonly reason: string }
  /** An entry is not what was written: the disk, or somebody's hand. `entry` names its prefix. */
  | { readonly code: 'entry-damaged'; readonly entry: string; readonly key: Hex }
  /** An index names what is not there. */
  | { readonly code: 'entry-missing'; readonly entry: string; readonly key: Hex }
  /** Nothing of the chain names this block at that height; `named` is what its child does. */
  | {
      readonly code: 'hash-not-proven'
      readonly number: bigint
      readonly hash: Hex
      readonly named: Hex | undefined
    }
  | { readonly code: 'named-value-invalid'; readonly name: string; readonly reason: string }
  /** More blocks that our key signed at one height than are kept as evidence. */
  | { readonly code: 'too-many-at-height'; readonly number: bigint; readonly hashesMax: number }
  | {
      readonly code: 'receipts-count-wrong'
      readonly hash: Hex
      readonly receiptsCount: number
      readonly transactionsCount: number
    }
  /** Only a child of the head may be persisted. */
  | {
      readonly code: 'not-child-of-head'
      readonly number: bigint
      readonly parentHash: Hex
      readonly headNumber: bigint
      readonly headHash: Hex
    }

/** Thrown by the folder's stores and readers. */
export class ChainError extends NodeError<ChainFailure> {}
