// What can be wrong with a state diff by itself; the codes of README.md, "Failures".
import { ProtocolError } from '../protocol-error.ts'

/** `at` counts from 0 within its list; offsets and sizes in bytes. */
export type StateDiffFailure =
  | { readonly code: 'diff-size-invalid'; readonly sizeBytes: number }
  | { readonly code: 'diff-too-large'; readonly sizeBytes: number; readonly maxBytes: number }
  | { readonly code: 'offset-invalid'; readonly field: string; readonly offset: number }
  | { readonly code: 'too-many-items'; readonly field: string; readonly count: number }
  | { readonly code: 'length-invalid'; readonly field: string; readonly lengthBytes: number }
  | { readonly code: 'number-invalid'; readonly number: bigint }
  | { readonly code: 'boolean-invalid'; readonly field: string; readonly value: number }
  /** The key is not above the one before it: out of order, or there twice. */
  | { readonly code: 'accounts-unsorted'; readonly at: number }
  | { readonly code: 'slots-unsorted'; readonly account: number; readonly at: number }
  | { readonly code: 'value-untrimmed'; readonly account: number; readonly at: number }
  /** A deleted account that does not say that its storage goes with it, or that keeps slots. */
  | { readonly code: 'deletion-incomplete'; readonly account: number }
  /** A slot deleted in storage that was wiped anyway. */
  | { readonly code: 'slot-deleted-twice'; readonly account: number; readonly at: number }
  /** Codes are not in the order of their hashes, or one is there twice. */
  | { readonly code: 'codes-unsorted'; readonly at: number }

/** Thrown by every function that encodes or decodes a state diff. */
export class StateDiffError extends ProtocolError<StateDiffFailure> {}
