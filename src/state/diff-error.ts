// Why a state diff is refused although its form is right; what its form lacks is a StateDiffError of protocols/.
import { type Hex } from '../base/bytes.ts'
import { NodeError } from '../base/node-error.ts'

/** `account` is the hash of its address. */
export type DiffFailure =
  /** The diff's own field is not what the header of its block, or of the parent, says. */
  | { readonly code: 'header-differs'; readonly number: bigint; readonly field: string }
  | { readonly code: 'receipts-wrong'; readonly number: bigint; readonly reason: string }
  | { readonly code: 'body-invalid'; readonly account: Hex; readonly reason: string }
  | { readonly code: 'new-code-missing'; readonly account: Hex; readonly codeHash: Hex }
  | { readonly code: 'code-unreferenced'; readonly codeHash: Hex }
  | {
      readonly code: 'storage-root-wrong'
      readonly account: Hex
      readonly claimed: Hex
      readonly computed: Hex
    }
  | {
      readonly code: 'state-root-wrong'
      readonly number: bigint
      readonly expected: Hex
      readonly computed: Hex
    }

/** Thrown when what a diff says cannot be, or is not so; nothing of it was taken. */
export class DiffError extends NodeError<DiffFailure> {}
