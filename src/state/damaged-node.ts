// Where a damaged trie node stands: a trie knows its path, its reader knows whose trie it is.
import { describeFailure } from '../base/node-error.ts'
import { TrieError, type TrieFailure } from '../trie/trie-error.ts'
import { placeOf, nodeKey } from './entry-key.ts'
import { StateError } from './state-error.ts'

/** Runs what reads a trie; an owner's storage trie or the account trie. Throws StateError for TrieError. */
export function nameDamage<T>(owner: Uint8Array | undefined, read: () => T): T {
  try {
    return read()
  } catch (thrown) {
    throw named(owner, thrown)
  }
}

/** As nameDamage, for work that takes several turns. */
export async function nameDamageLater<T>(
  owner: Uint8Array | undefined,
  read: () => Promise<T>
): Promise<T> {
  try {
    return await read()
  } catch (thrown) {
    throw named(owner, thrown)
  }
}

/** The place of what failed, as `rekindle db verify` names it. */
export function nodePlace(owner: Uint8Array | undefined, failure: TrieFailure): string {
  return placeOf(nodeKey(owner, 'path' in failure ? failure.path : '')).place
}

function named(owner: Uint8Array | undefined, thrown: unknown): unknown {
  if (!(thrown instanceof TrieError)) return thrown
  const { failure } = thrown
  const place = nodePlace(owner, failure)
  return new StateError(
    { code: 'node-damaged', place, problem: describeFailure(failure) },
    { cause: thrown }
  )
}
