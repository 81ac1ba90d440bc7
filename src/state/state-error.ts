// What can go wrong with the state store.
import { type Hex } from '../base/bytes.ts'
import { NodeError } from '../base/node-error.ts'

/** One closed union for the folder. */
export type StateFailure =
  /** The view's block is below the disk layer by now, or on a branch that was dropped. */
  | { readonly code: 'view-stale'; readonly hash: Hex }
  | { readonly code: 'parent-not-readable'; readonly parentHash: Hex }
  | { readonly code: 'code-missing'; readonly codeHash: Hex }
  | { readonly code: 'code-damaged'; readonly codeHash: Hex }
  /** A node of the account trie ("/path") or of an account's storage trie ("0xowner/path") is not what its hash says. */
  | { readonly code: 'node-damaged'; readonly place: string; readonly problem: string }
  | { readonly code: 'entry-damaged'; readonly key: Hex; readonly reason: string }
  | { readonly code: 'state-not-initialised' }
  | { readonly code: 'flush-failed'; readonly reason: string }

/** Thrown by every function of the folder. */
export class StateError extends NodeError<StateFailure> {}

const DAMAGE_CODES: readonly StateFailure['code'][] = [
  'code-damaged',
  'code-missing',
  'entry-damaged',
  'node-damaged'
]

/** True for a part of the state that is not there, or is not what proves it. */
export function isStateDamage(thrown: unknown): thrown is StateError {
  return thrown instanceof StateError && DAMAGE_CODES.includes(thrown.failure.code)
}

/** A flat entry that fails its check, beside a damaged node of the trie that would tell it: the failure names the node. */
export class FlatEntryError extends StateError {
  /** Of the flat entry, as `entry-key.ts` makes it. */
  readonly key: string

  constructor(key: string, { failure, cause }: StateError) {
    super(failure, { cause })
    this.key = key
  }
}
