// What can be wrong with a block message; the codes of README.md, "Failures".
import { ProtocolError } from '../protocol-error.ts'

/** Sizes and offsets in bytes, offsets counted from the start of the SSZ payload or list they stand in. */
export type BlockMessageFailure =
  | { readonly code: 'version-unknown'; readonly version: number }
  | { readonly code: 'message-too-short'; readonly sizeBytes: number; readonly minBytes: number }
  | { readonly code: 'message-too-large'; readonly sizeBytes: number; readonly maxBytes: number }
  | { readonly code: 'recovery-id-invalid'; readonly recoveryId: number }
  | { readonly code: 'offset-invalid'; readonly field: string; readonly offset: number }
  | { readonly code: 'length-invalid'; readonly field: string; readonly lengthBytes: number }
  | { readonly code: 'too-many-items'; readonly field: string; readonly count: number }
  | { readonly code: 'integer-out-of-range'; readonly field: string }
  | { readonly code: 'field-missing'; readonly field: string; readonly version: number }
  | { readonly code: 'field-unexpected'; readonly field: string; readonly version: number }

/** Thrown by every function that encodes or decodes a block message. */
export class BlockMessageError extends ProtocolError<BlockMessageFailure> {}
