// Checks flat entries against the trie of their block, and writes those on disk anew that differ.
import { hexToBytes, type Hex } from '../base/bytes.ts'
import { createYielder } from '../base/yielder.ts'
import { type EntryKey, isSameEntry, placeOf } from './entry-key.ts'
import { readFlatFromTrie } from './flat-mender.ts'

/** Entries as of one block. */
export interface CheckedEntries {
  readonly root: Hex
  readonly read: (key: EntryKey) => Uint8Array | undefined
  /** Writes the entry on disk anew from the trie; false when it is not the disk's. */
  readonly mend: (key: EntryKey, problem: string) => Promise<boolean>
}

/** What a check came to. */
export type EntriesCheck =
  | { readonly kind: 'sound' }
  /** Some were not what the trie holds, and are now. */
  | { readonly kind: 'mended'; readonly count: number }
  | { readonly kind: 'damaged'; readonly place: string; readonly problem: string }

const PROBLEM = 'it is not what the trie holds'

/** The trie has proved itself by its hashes, from the root on. Throws StateError when it is damaged itself. */
export async function checkEntries(
  { root, read, mend }: CheckedEntries,
  keys: Iterable<EntryKey>
): Promise<EntriesCheck> {
  const yielder = createYielder()
  const rootBytes = hexToBytes(root)
  let count = 0
  for (const key of keys) {
    const flat = read(key)
    const proven = readFlatFromTrie({ read }, rootBytes, key)
    if (!isSameEntry(flat, proven)) {
      const isMended = await mend(key, PROBLEM)
      if (!isMended) return { kind: 'damaged', place: placeOf(key).place, problem: PROBLEM }
      count += 1
    }
    const turn = yielder.maybeYield()
    if (turn !== undefined) await turn
  }
  return count === 0 ? { kind: 'sound' } : { kind: 'mended', count }
}
