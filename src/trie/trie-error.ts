// What can be wrong with the stored nodes of a trie, each named by its path.
import { type Hex } from '../base/bytes.ts'
import { NodeError } from '../base/node-error.ts'

/**
 * `path` is the place below the root, one hex digit a nibble; the root's is empty. missing: the source
 * has no node there. mismatch: it has other bytes than those the parent's hash names. malformed: the
 * hash is right, the bytes are no node of a canonical trie.
 */
export type TrieFailure =
  | { readonly code: 'node-missing'; readonly path: string; readonly hash: Hex }
  | {
      readonly code: 'node-hash-mismatch'
      readonly path: string
      readonly expected: Hex
      readonly got: Hex
    }
  | { readonly code: 'node-malformed'; readonly path: string }

/** Thrown when a node that is needed cannot be had sound. What was asked for did not happen. */
export class TrieError extends NodeError<TrieFailure> {}
