// Damaged flat entries: one that fails its check is answered out of the trie, and written anew.
import { hexToBytes, type Hex } from '../base/bytes.ts'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { type KeyValueStore } from '../store/key-value-store.ts'
import { pathKey } from '../trie/nibbles.ts'
import { createTrie } from '../trie/trie.ts'
import { decodeAccount, encodeSlimAccount } from './account-codec.ts'
import { type EntryKey, isAccount, keyToBytes, nodeKey, placeOf, toOperation } from './entry-key.ts'
import { nameDamage } from './damaged-node.ts'
import { decodeSlotValue } from './slot-value.ts'
import { FlatEntryError, StateError } from './state-error.ts'

/** What mending needs: one version of all entries, and the root of its tries. */
export interface FlatMenderDeps {
  readonly store: Pick<KeyValueStore, 'batch'>
  readonly log: Log
  readonly root: () => Hex
  readonly read: (key: EntryKey) => Uint8Array | undefined
}

/** Mends each damaged entry once, however often it is read before the mended one is on disk. */
export class FlatMender {
  readonly #deps: FlatMenderDeps
  readonly #underWay = new Map<EntryKey, Uint8Array | undefined>()
  #written: Promise<unknown> = Promise.resolve()

  constructor(deps: FlatMenderDeps) {
    this.#deps = deps
  }

  /** The entry as the trie has it; no buffer may hold a newer one. Throws FlatEntryError when the trie is damaged too. */
  mend(key: EntryKey, problem: string): Uint8Array | undefined {
    if (this.#underWay.has(key)) return this.#underWay.get(key)
    const { store, log } = this.#deps
    const value = this.#readFromTrie(key)
    log.warn('flat-entry-mended', { ...placeOf(key), problem })
    this.#underWay.set(key, value)
    const write = store
      .batch([toOperation(key, value)], { sync: true })
      .catch((thrown: unknown) => {
        log.error('flat-entry-not-mended', { ...placeOf(key), reason: errorMessage(thrown) })
      })
      .finally(() => this.#underWay.delete(key))
    this.#written = Promise.all([this.#written, write])
    return value
  }

  /** Settles when nothing is being written: then a flush cannot be overtaken by an older value. */
  async settled(): Promise<void> {
    await this.#written
  }

  #readFromTrie(key: EntryKey): Uint8Array | undefined {
    try {
      return readFlatFromTrie(this.#deps, hexToBytes(this.#deps.root()), key)
    } catch (thrown) {
      if (thrown instanceof StateError) throw new FlatEntryError(key, thrown)
      throw thrown
    }
  }
}

/** What a flat entry has to be by the tries of this root. Throws StateError when these are damaged. */
export function readFlatFromTrie(
  { read }: Pick<FlatMenderDeps, 'read'>,
  root: Uint8Array,
  key: EntryKey
): Uint8Array | undefined {
  const keyBytes = keyToBytes(key)
  const addressHash = keyBytes.subarray(1, 33)
  const lookUp = (owner: Uint8Array | undefined, trieRoot: Uint8Array, entry: Uint8Array) => {
    const node = (path: Uint8Array) => read(nodeKey(owner, pathKey(path)))
    return nameDamage(owner, () => createTrie({ node }, trieRoot).get(entry))
  }
  const encoded = lookUp(undefined, root, addressHash)
  if (encoded === undefined) return undefined
  const account = decodeAccount(encoded)
  if (isAccount(key)) return encodeSlimAccount(account)
  const value = lookUp(addressHash, account.storageRoot, keyBytes.subarray(33))
  return value && decodeSlotValue(value)
}
