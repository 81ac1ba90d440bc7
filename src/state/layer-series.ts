// What blocks that follow each other do to the tries: the roots after each of them, and all of it as one layer.
import { bytesToHex, type Hex } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { createYielder, type Yielder } from '../base/yielder.ts'
import { isEmptyRoot } from '../trie/node-source.ts'
import { createTrie, EMPTY_ROOT, type Trie } from '../trie/trie.ts'
import {
  decodeAccount,
  encodeSlimAccount,
  encodeTrieAccount,
  type StoredAccount
} from './account-codec.ts'
import { nameDamageLater } from './damaged-node.ts'
import {
  accountKey,
  bytesToKey,
  codeKey,
  type EntryKey,
  nodeKeyOf,
  slotKey,
  storageOwner
} from './entry-key.ts'
import { type PreparedLayer } from './layer.ts'
import { packLayer } from './pack-values.ts'
import { encodeSlotValue } from './slot-value.ts'
import { type AccountChange, type StateChanges } from './state-view.ts'

/** The parent's state, as computing a layer on it reads it. */
export interface ParentState {
  readonly hash: Hex
  readonly root: Uint8Array
  readonly account: (addressHash: Uint8Array) => StoredAccount | undefined
  /** A node of the account trie, or with an owner of that account's storage trie. */
  readonly node: (owner: Uint8Array | undefined, path: Uint8Array) => Uint8Array | undefined
}

/** The state after the block that was added last. */
export interface SeriesStep {
  readonly root: Hex
  /** The account's storage root after the block, 32 bytes, or the empty trie's. Good until the next block is added. */
  readonly storageRoot: (addressHash: Uint8Array) => Uint8Array
}

/**
 * Consecutive blocks on one parent. Nodes that were read or made stay in memory from block to block, and so does whatever
 * was written: who begins a series bounds what goes into it. A step that throws leaves the series of no use.
 */
export class LayerSeries {
  readonly #parent: ParentState
  readonly #trie: Trie
  readonly #yielder: Yielder = createYielder()
  readonly #entries = new Map<EntryKey, Uint8Array | undefined>()
  readonly #cleared = new Set<string>()
  readonly #storageTries = new Map<string, Trie>()
  readonly #storageRoots = new Map<string, Uint8Array>()
  #root: Hex

  constructor(parent: ParentState) {
    this.#parent = parent
    this.#root = bytesToHex(parent.root)
    this.#trie = createTrie({ node: (path) => parent.node(undefined, path) }, parent.root)
  }

  /** As the last block left it. */
  account(addressHash: Uint8Array): StoredAccount | undefined {
    const key = accountKey(addressHash)
    if (!this.#entries.has(key)) return this.#parent.account(addressHash)
    const body = this.#entries.get(key)
    return body && decodeAccount(body)
  }

  /** The next block's changes. Throws StateError when a node of the parent is damaged or missing. Yields between accounts. */
  async add(changes: StateChanges): Promise<SeriesStep> {
    await nameDamageLater(undefined, () => this.#apply(changes))
    return { root: this.#root, storageRoot: this.#storageRoot.bind(this) }
  }

  /** All blocks that were added as one layer: the state after the last one. Nodes are written once, as they are now. */
  async finish(): Promise<PreparedLayer> {
    for (const [owner, trie] of this.#storageTries) await this.#addNodes(owner, trie)
    await this.#addNodes(undefined, this.#trie)
    return {
      root: this.#root,
      parentHash: this.#parent.hash,
      content: await packLayer({ entries: this.#entries, cleared: this.#cleared }),
      storageRoot: this.#storageRoot.bind(this)
    }
  }

  async #apply({ accounts, codes }: StateChanges): Promise<void> {
    for (const code of codes) this.#entries.set(codeKey(keccak256(code)), code)
    for (const change of accounts) {
      const turn = this.#yielder.maybeYield()
      if (turn !== undefined) await turn
      const { addressHash, account } = change
      if (account === undefined || change.storageCleared) await this.#wipe(addressHash)
      if (account === undefined) {
        this.#entries.set(accountKey(addressHash), undefined)
        this.#trie.delete(addressHash)
        continue
      }
      const storageRoot = await nameDamageLater(addressHash, () => this.#commitStorage(change))
      const stored = { ...account, storageRoot }
      this.#entries.set(accountKey(addressHash), encodeSlimAccount(stored))
      this.#trie.put(addressHash, encodeTrieAccount(stored))
    }
    this.#root = bytesToHex(await inTurns(this.#trie.rootInSteps(), this.#yielder))
  }

  /** What was written for the account's storage in this series goes; what was there before counts no more. */
  async #wipe(addressHash: Uint8Array): Promise<void> {
    const owner = bytesToKey(addressHash)
    // What had no storage costs nobody a search for it, however many such accounts a block deletes.
    if (!isEmptyRoot(this.#parentStorageRoot(addressHash))) this.#cleared.add(owner)
    const written = this.#storageRoots.get(owner)
    this.#storageTries.delete(owner)
    this.#storageRoots.set(owner, EMPTY_ROOT)
    if (written === undefined || isEmptyRoot(written)) return
    for (const key of this.#entries.keys()) {
      if (storageOwner(key) === owner) this.#entries.delete(key)
      const turn = this.#yielder.maybeYield()
      if (turn !== undefined) await turn
    }
  }

  /** Applies the slots of one account; its storage trie starts empty when it was wiped. */
  async #commitStorage({ addressHash, slots }: AccountChange): Promise<Uint8Array> {
    const before = this.#storageRoot(addressHash)
    const owner = bytesToKey(addressHash)
    if (slots.length === 0) {
      this.#storageRoots.set(owner, before)
      return before
    }
    const trie = this.#storageTrie(addressHash, before)
    for (const { slotHash, value } of slots) {
      const key = slotKey(addressHash, slotHash)
      if (value.length === 0) {
        trie.delete(slotHash)
        this.#entries.set(key, undefined)
      } else {
        trie.put(slotHash, encodeSlotValue(value))
        this.#entries.set(key, value)
      }
      const turn = this.#yielder.maybeYield()
      if (turn !== undefined) await turn
    }
    const root = await inTurns(trie.rootInSteps(), this.#yielder)
    this.#storageRoots.set(owner, root)
    return root
  }

  #storageTrie(addressHash: Uint8Array, root: Uint8Array): Trie {
    const owner = bytesToKey(addressHash)
    const known = this.#storageTries.get(owner)
    if (known !== undefined) return known
    const trie = createTrie({ node: (path) => this.#parent.node(addressHash, path) }, root)
    this.#storageTries.set(owner, trie)
    return trie
  }

  #storageRoot(addressHash: Uint8Array): Uint8Array {
    return this.#storageRoots.get(bytesToKey(addressHash)) ?? this.#parentStorageRoot(addressHash)
  }

  #parentStorageRoot(addressHash: Uint8Array): Uint8Array {
    return this.#parent.account(addressHash)?.storageRoot ?? EMPTY_ROOT
  }

  /** `owner`: bytesToKey of the account whose storage the trie is. */
  async #addNodes(owner: string | undefined, trie: Trie): Promise<void> {
    const { nodes } = await inTurns(trie.commitInSteps(), this.#yielder)
    for (const [path, { value }] of nodes) {
      this.#entries.set(nodeKeyOf(owner, path), value)
      const turn = this.#yielder.maybeYield()
      if (turn !== undefined) await turn
    }
  }
}

/** All of a trie's steps; others have their turn between its subtrees. */
async function inTurns<T>(steps: Generator<void, T, undefined>, yielder: Yielder): Promise<T> {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    const turn = yielder.maybeYield()
    if (turn !== undefined) await turn
  }
}
