// What can go wrong with the state store.
import { type Hex } from '../base/bytes.ts'
import { NodeError } from '../base/node-error.ts'

/** One closed union for the folder; trie nodes that fail their hash throw TrieError. */
export type StateFailure =
  /** The view's block is below the disk layer by now, or on a branch that was dropped. */
  | { readonly code: 'view-stale'; readonly hash: Hex }
  | { readonly code: 'parent-not-readable'; readonly parentHash: Hex }
  | { readonly code: 'code-missing'; readonly codeHash: Hex }
  | { readonly code: 'code-damaged'; readonly codeHash: Hex }
  | { readonly code: 'entry-damaged'; readonly key: Hex; readonly reason: string }
  | { readonly code: 'state-not-initialised' }
  | { readonly code: 'flush-failed'; readonly reason: string }

/** Thrown by every function of the folder. */
export class StateError extends NodeError<StateFailure> {}
