// What can be wrong with trie nodes, each named by its path, and with the entries that a trie is built from.
import { type Hex } from '../base/bytes.ts'
import { NodeError } from '../base/node-error.ts'

/**
 * `path` is the place below the root, one hex digit a nibble; the root's is empty. missing: the source
 * has no node there. mismatch: it has other bytes than those the parent's hash names. malformed: the
 * hash is right, the bytes are no node of a canonical trie. `value-empty`: an entry of a list that is
 * to have a root has no bytes, and a trie cannot tell that from no entry.
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
  | { readonly code: 'value-empty'; readonly index: number }

/** Thrown when a trie cannot be read or made. What was asked for did not happen. */
export class TrieError extends NodeError<TrieFailure> {}
