// A state that is fetched in ranges, on its way into the database: leaves with what hangs on them, then tries, then the point.
import { bytesToHex, equalBytes, type Hex } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { createYielder } from '../base/yielder.ts'
import { openValue } from '../store/checked-value.ts'
import { type BatchOperation, type KeyRange, type KeyValueStore } from '../store/key-value-store.ts'
import { pathKey } from '../trie/nibbles.ts'
import { EMPTY_ROOT } from '../trie/node-source.ts'
import { decodeAccount } from './account-codec.ts'
import { assembleTrie, type StoredLeaf } from './assemble-trie.ts'
import { codeKey, keyToBytes, nodeKey, toOperation } from './entry-key.ts'
import {
  checkpointOperation,
  checkpointRemoval,
  FETCH_BEGUN,
  type FetchCheckpoint,
  leftAfter,
  type LargeStorage,
  readCheckpoint
} from './fetch-checkpoint.ts'
import { pointOperation } from './flush-batch.ts'
import { type HealedLeaf, type HealedTrie, healTrie } from './heal-trie.ts'
import {
  type HealSources,
  type LargeBegun,
  type ProvenAccounts,
  type ProvenNode,
  type ProvenSlots
} from './proven-state.ts'
import { type StatePoint } from './state-view.ts'
import {
  flatKey,
  flatRange,
  hashOfFlat,
  nodeRange,
  toFlatValue,
  toTrieValue,
  type TrieOwner
} from './trie-ranges.ts'
import { wipeStore } from './wipe-store.ts'

/** Deletions in one batch. */
const DELETED_AT_ONCE_MAX = 10_000

/** Nothing of it is readable before `finish`; a process that ends earlier goes on from the checkpoint. */
export class FetchedState {
  readonly #store: KeyValueStore
  #checkpoint: FetchCheckpoint

  /** `checkpoint` is what the store has. */
  constructor(store: KeyValueStore, checkpoint: FetchCheckpoint) {
    this.#store = store
    this.#checkpoint = checkpoint
  }

  /** Goes on where the last process ended, or begins anew: everything that is stored is wiped then. */
  static async open(
    store: KeyValueStore,
    wipe: () => Promise<void> = () => wipeStore(store)
  ): Promise<FetchedState> {
    const stored = readCheckpoint(store)
    if (stored !== undefined) return new FetchedState(store, stored)
    await wipe()
    await store.batch([checkpointOperation(FETCH_BEGUN)], { sync: true })
    return new FetchedState(store, FETCH_BEGUN)
  }

  get checkpoint(): FetchCheckpoint {
    return this.#checkpoint
  }

  hasCode(hash: Uint8Array): boolean {
    return this.#store.get(keyToBytes(codeKey(hash))) !== undefined
  }

  async putCodes(codes: readonly Uint8Array[]): Promise<void> {
    const operations = codes.map((code) => toOperation(codeKey(keccak256(code)), code))
    await this.#store.batch(operations, { sync: true })
  }

  /** All slots of an account; what an earlier try left of them goes. Before the account itself. */
  async putStorage(addressHash: Uint8Array, { slots, nodes }: ProvenSlots): Promise<void> {
    await this.#wipeStorage(addressHash)
    await this.#store.batch(slotOperations(addressHash, { slots, nodes }), { sync: true })
    // A whole storage that came with a proof lacks the nodes of its edges.
    await this.#assemble(addressHash)
  }

  /**
   * Accounts of a segment, whose codes and slots are stored but for those of `large`, of which the first slots are given and
   * the others come by themselves. `next` as in the checkpoint.
   */
  async putAccounts(
    segment: number,
    { accounts, nodes }: ProvenAccounts,
    {
      next,
      large
    }: { readonly next: Uint8Array | undefined; readonly large: readonly LargeBegun[] }
  ): Promise<void> {
    for (const { addressHash } of large) await this.#wipeStorage(addressHash)
    await this.#advance(
      {
        accounts: this.#checkpoint.accounts.with(segment, next),
        large: [
          ...this.#checkpoint.large,
          ...large.map(({ addressHash, first: { slots } }) => ({
            addressHash,
            left: leftAfter(slots.at(-1)?.hash)
          }))
        ]
      },
      [
        ...accounts.map(({ hash, body }) => toOperation(flatKey(undefined, hash), body)),
        ...nodes.map(({ path, encoded }) =>
          toOperation(nodeKey(undefined, pathKey(path)), encoded)
        ),
        ...large.flatMap(({ addressHash, first }) => slotOperations(addressHash, first))
      ]
    )
  }

  /** Slots of a segment of a large account. */
  async putLargeSlots(
    addressHash: Uint8Array,
    segment: number,
    { next, ...proven }: ProvenSlots & { readonly next: Uint8Array | undefined }
  ): Promise<void> {
    const large = this.#checkpoint.large.map((one): LargeStorage =>
      equalBytes(one.addressHash, addressHash)
        ? { addressHash, left: one.left.with(segment, next) }
        : one
    )
    await this.#advance({ large }, slotOperations(addressHash, proven))
  }

  /** Makes the tries of the leaves, once all came. Returns the root, which is that of the pivot unless that moved meanwhile. */
  async assemble(): Promise<Uint8Array> {
    for (const { addressHash } of this.#checkpoint.large) await this.#assemble(addressHash)
    const root = await this.#assemble(undefined)
    if (!this.#checkpoint.isAssembled) await this.#advance({ isAssembled: true }, [])
    return root
  }

  /** Replaces what is not of this root. May be ended at any time, and begun again with another root. */
  async heal(root: Uint8Array, sources: HealSources): Promise<void> {
    await this.#heal(undefined, root, sources)
    const large = this.#checkpoint.large.map(({ addressHash }) => addressHash)
    for (const addressHash of [...large, ...this.#checkpoint.unsettled]) {
      const stored = this.#flat(undefined, addressHash)
      const storageRoot = stored === undefined ? EMPTY_ROOT : decodeAccount(stored).storageRoot
      await this.#heal(addressHash, storageRoot, sources)
    }
  }

  /** The state is that of the point from here on, on disk when it resolves. Throws where the root is another one. */
  async finish(point: StatePoint): Promise<void> {
    const stored = await this.#assemble(undefined)
    if (bytesToHex(stored) !== point.root) {
      throw new Error(`the fetched state has the root ${bytesToHex(stored)}, not ${point.root}`)
    }
    await this.#store.batch([pointOperation(point), checkpointRemoval()], { sync: true })
  }

  async #advance(
    change: Partial<FetchCheckpoint>,
    operations: readonly BatchOperation[]
  ): Promise<void> {
    this.#checkpoint = { ...this.#checkpoint, ...change }
    await this.#store.batch([...operations, checkpointOperation(this.#checkpoint)], { sync: true })
  }

  #assemble(owner: TrieOwner): Promise<Uint8Array> {
    return assembleTrie({
      node: (path) => this.#node(owner, path),
      leaf: (path, end) => this.#leaf(owner, path, end),
      put: (nodes) => this.#putNodes(owner, nodes)
    })
  }

  #node(owner: TrieOwner, path: Uint8Array): Uint8Array | undefined {
    return this.#store.get(keyToBytes(nodeKey(owner, pathKey(path))))
  }

  #flat(owner: TrieOwner, hash: Uint8Array): Uint8Array | undefined {
    const key = keyToBytes(flatKey(owner, hash))
    const value = this.#store.get(key)
    return value && openValue(key, value)
  }

  async #leaf(
    owner: TrieOwner,
    path: Uint8Array,
    end: 'first' | 'last'
  ): Promise<StoredLeaf | undefined> {
    const range = { ...flatRange(owner, path), limit: 1, reverse: end === 'last' }
    for await (const [key, value] of this.#store.iterate(range)) {
      const body = openValue(key, value)
      if (body === undefined) throw new Error(`a fetched leaf is damaged: ${bytesToHex(key)}`)
      return { hash: hashOfFlat(owner, key), value: toTrieValue(owner, body) }
    }
    return undefined
  }

  async #putNodes(owner: TrieOwner, nodes: readonly ProvenNode[]): Promise<void> {
    const operations = nodes.map(({ path, encoded }) =>
      toOperation(nodeKey(owner, pathKey(path)), encoded)
    )
    await this.#store.batch(operations, { sync: true })
  }

  #heal(owner: TrieOwner, root: Uint8Array, sources: HealSources): Promise<void> {
    const trie: HealedTrie = {
      node: (path) => this.#node(owner, path),
      remove: (nodes, subtrees) => this.#remove(owner, nodes, subtrees),
      put: (nodes) => this.#putNodes(owner, nodes),
      putLeaves: async (leaves) => {
        if (owner === undefined) await this.#healAccounts(leaves, sources)
        const operations = leaves.map(({ hash, value }) =>
          toOperation(flatKey(owner, hash), toFlatValue(owner, value))
        )
        await this.#store.batch(operations, { sync: true })
      }
    }
    return healTrie(trie, (wanted) => sources.fetchNodes(owner, wanted), root)
  }

  /** What hangs on accounts is there before they are. */
  async #healAccounts(
    leaves: readonly { readonly hash: Uint8Array; readonly value: Uint8Array }[],
    sources: HealSources
  ): Promise<void> {
    const codes = new Map<Hex, Uint8Array>()
    await this.#unsettle(leaves)
    for (const { hash, value } of leaves) {
      const { storageRoot, codeHash } = decodeAccount(value)
      if (codeHash !== undefined && !this.hasCode(codeHash)) {
        codes.set(bytesToHex(codeHash), codeHash)
      }
      // Whatever the leaf said before: an earlier healing may have ended between the slots and their account.
      await this.#heal(hash, storageRoot, sources)
    }
    if (codes.size > 0) await sources.fetchCodes([...codes.values()])
  }

  /** Where this ends before the accounts are there, nothing else would lead to these storages. */
  async #unsettle(leaves: readonly HealedLeaf[]): Promise<void> {
    const known = new Set(this.#checkpoint.unsettled.map((hash) => bytesToHex(hash)))
    const added = leaves.filter(({ hash, value }) => {
      const { storageRoot } = decodeAccount(value)
      return !equalBytes(storageRoot, EMPTY_ROOT) && !known.has(bytesToHex(hash))
    })
    if (added.length === 0) return
    const unsettled = [...this.#checkpoint.unsettled, ...added.map(({ hash }) => hash)]
    await this.#advance({ unsettled }, [])
  }

  async #remove(
    owner: TrieOwner,
    nodes: readonly Uint8Array[],
    subtrees: readonly Uint8Array[]
  ): Promise<void> {
    await this.#delete(nodes.map((path) => keyToBytes(nodeKey(owner, pathKey(path)))))
    for (const path of subtrees) {
      // Nodes first, each before those below it: one that is left promises all of its leaves.
      await this.#deleteRange(nodeRange(owner, path))
      await this.#deleteRange(flatRange(owner, path), async (keys) => {
        if (owner !== undefined) return
        for (const key of keys) await this.#wipeStorage(hashOfFlat(undefined, key))
      })
    }
  }

  async #wipeStorage(addressHash: Uint8Array): Promise<void> {
    const root = new Uint8Array(0)
    await this.#deleteRange(nodeRange(addressHash, root))
    await this.#deleteRange(flatRange(addressHash, root))
  }

  async #deleteRange(
    range: KeyRange,
    before: (keys: readonly Uint8Array[]) => Promise<void> = () => Promise.resolve()
  ): Promise<void> {
    let keys: Uint8Array[] = []
    const yielder = createYielder()
    const flush = async () => {
      await before(keys)
      await this.#delete(keys)
      keys = []
    }
    for await (const [key] of this.#store.iterate(range)) {
      keys.push(Uint8Array.from(key))
      await yielder.maybeYield()
      if (keys.length === DELETED_AT_ONCE_MAX) await flush()
    }
    await flush()
  }

  async #delete(keys: readonly Uint8Array[]): Promise<void> {
    if (keys.length === 0) return
    await this.#store.batch(
      keys.map((key) => ({ type: 'del', key }) as const),
      { sync: true }
    )
  }
}

function slotOperations(
  addressHash: Uint8Array,
  { slots, nodes }: ProvenSlots
): readonly BatchOperation[] {
  return [
    ...slots.map(({ hash, value }) => toOperation(flatKey(addressHash, hash), value)),
    ...nodes.map(({ path, encoded }) => toOperation(nodeKey(addressHash, pathKey(path)), encoded))
  ]
}
