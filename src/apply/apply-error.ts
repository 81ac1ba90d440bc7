// Why a block, or the diff of one, was not applied.
import { NodeError } from '../base/node-error.ts'

/** One closed union for the folder. */
export type ApplyFailure =
  | { readonly code: 'not-child-of-head'; readonly number: bigint; readonly headNumber: bigint }
  | { readonly code: 'block-invalid'; readonly number: bigint; readonly reason: string }
  | { readonly code: 'state-not-readable'; readonly number: bigint }
  | { readonly code: 'block-missing'; readonly number: bigint }
  | { readonly code: 'diff-missing'; readonly number: bigint }
  /** Our state before this block is not what its root says: what a diff gives on it tells nothing of the diff. */
  | {
      readonly code: 'state-damaged'
      readonly number: bigint
      readonly place: string
      readonly problem: string
    }
  /** The diff of this block is not what the block changed, or no diff at all. */
  | { readonly code: 'diff-refused'; readonly number: bigint; readonly reason: string }
  /** It says that it is the diff of another block at this height. Nothing of it was looked at. */
  | { readonly code: 'diff-of-another-block'; readonly number: bigint; readonly reason: string }

/** Thrown when a block cannot be applied; nothing was written. */
export class ApplyError extends NodeError<ApplyFailure> {}
