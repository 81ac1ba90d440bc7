// The trie of many accounts on disk, twice: ours by path, and that of @ethereumjs/mpt by hash.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMPT, type MerklePatriciaTrie } from '@ethereumjs/mpt'
import { ValueEncoding } from '@ethereumjs/util'
import { bytesToHex, compareBytes, type Hex, hexToBytes } from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { silentLog } from '../../src/base/log.ts'
import { encodeTrieAccount } from '../../src/state/account-codec.ts'
import { StateStore } from '../../src/state/state-store.ts'
import { type Account } from '../../src/state/state-view.ts'
import { keyToBytes, nodeKey } from '../../src/state/entry-key.ts'
import { type BatchOperation, type KeyValueStore } from '../../src/store/key-value-store.ts'
import { STATE_DATABASE } from '../../src/store/keys.ts'
import { openLevelStore } from '../../src/store/level-store.ts'
import { pathKey } from '../../src/trie/nibbles.ts'
import { createTrie, EMPTY_ROOT } from '../../src/trie/trie.ts'
import { HashedNodes } from './hashed-nodes.ts'

/** Accounts that one commit adds while the state is filled. */
const FILL_STEP = 20_000
/** An account whose storage stays as it is. */
export const NO_STORAGE = { storageCleared: false, slots: [] }

/** One account after a commit. */
export interface AccountUpdate {
  readonly addressHash: Uint8Array
  readonly account: Account
}

/** Our account trie in a directory, as the state store keeps it there. */
export class AccountTrie {
  readonly store: KeyValueStore
  #root: Hex

  constructor(store: KeyValueStore, root: Hex) {
    this.store = store
    this.#root = root
  }

  /** Fills an empty directory with the state of accounts 0 to `accountsCount`, exclusive. */
  static async fill(directory: string, accountsCount: number): Promise<AccountTrie> {
    const store = await openLevelStore(directory, STATE_DATABASE)
    const state = new StateStore({ store, log: silentLog })
    const changes = { accounts: [], codes: [] }
    await state.resetToGenesis({ changes, number: 0n, hash: blockHash(0n) })
    const hashes = Array.from({ length: accountsCount }, (_, index) => addressHash(index))
    hashes.sort(compareBytes)
    let number = 0n
    for (let start = 0; start < accountsCount; start += FILL_STEP) {
      const accounts = hashes
        .slice(start, start + FILL_STEP)
        .map((hash) => ({ addressHash: hash, account: accountAfter(0), ...NO_STORAGE }))
      const layer = await state.prepare(blockHash(number), { accounts, codes: [] })
      number += 1n
      state.add(layer, { number, hash: blockHash(number) })
      await state.flushAll(blockHash(number))
    }
    const root = state.diskPoint()?.root
    assert.ok(root)
    return new AccountTrie(store, root)
  }

  get root(): Hex {
    return this.#root
  }

  /** Puts the updates in, and what they change of the nodes on disk, in one synced batch. */
  async commit(updates: readonly AccountUpdate[]): Promise<Hex> {
    const { store } = this
    const place = (path: string) => keyToBytes(nodeKey(undefined, path))
    const source = { node: (path: Uint8Array) => store.get(place(pathKey(path))) }
    const trie = createTrie(source, hexToBytes(this.#root))
    for (const { addressHash, account } of updates) {
      trie.put(addressHash, encodeTrieAccount({ ...account, storageRoot: EMPTY_ROOT }))
    }
    const { root, nodes } = trie.commit()
    const operations = Array.from(nodes, ([path, { value }]): BatchOperation => {
      const key = place(path)
      return value === undefined ? { type: 'del', key } : { type: 'put', key, value }
    })
    await store.batch(operations, { sync: true })
    this.#root = bytesToHex(root)
    return this.#root
  }

  async close(): Promise<void> {
    await this.store.close()
  }
}

/** The two of them. */
export class AccountTries {
  readonly ours: AccountTrie
  readonly #directory: string
  readonly #nodes: HashedNodes
  readonly #mpt: MerklePatriciaTrie

  constructor(
    directory: string,
    { ours, nodes, mpt }: { ours: AccountTrie; nodes: HashedNodes; mpt: MerklePatriciaTrie }
  ) {
    this.#directory = directory
    this.ours = ours
    this.#nodes = nodes
    this.#mpt = mpt
  }

  /** The trie's nodes are copied, since its own way to a million accounts takes many minutes. */
  static async fill(accountsCount: number): Promise<AccountTries> {
    const directory = await mkdtemp(join(tmpdir(), 'rekindle-bench-'))
    const ours = await AccountTrie.fill(join(directory, 'state'), accountsCount)
    const nodes = await HashedNodes.at(join(directory, 'mpt'))
    await nodes.copyFrom(ours.store)
    const mpt = await createMPT({
      db: nodes,
      root: hexToBytes(ours.root),
      useKeyHashingFunction: keccak256,
      valueEncoding: ValueEncoding.Bytes
    })
    return new AccountTries(directory, { ours, nodes, mpt })
  }

  /** The same changes through the other trie: in memory until they are all in, then one synced batch. */
  async commitBaseline(updates: readonly AccountUpdate[]): Promise<Hex> {
    this.#mpt.checkpoint()
    for (const { addressHash, account } of updates) {
      await this.#mpt.put(addressHash, encodeTrieAccount({ ...account, storageRoot: EMPTY_ROOT }))
    }
    await this.#mpt.commit()
    return bytesToHex(this.#mpt.root())
  }

  async close(): Promise<void> {
    await this.ours.close()
    await this.#nodes.close()
    await rm(this.#directory, { recursive: true, force: true })
  }
}

/** `count` accounts of `accountsCount`, others in each round, in key order. */
export function updatesOfRound(
  round: number,
  { count, accountsCount }: { readonly count: number; readonly accountsCount: number }
): AccountUpdate[] {
  // A step that has no factor in common with the count visits every account once before it comes back.
  const stride = coprimeStride(accountsCount)
  return Array.from({ length: count }, (_, at) => {
    const index = ((round * count + at) * stride) % accountsCount
    return { addressHash: addressHash(index), account: accountAfter(round + 1) }
  }).sort((one, other) => compareBytes(one.addressHash, other.addressHash))
}

function coprimeStride(accountsCount: number): number {
  let stride = Math.max(1, Math.floor(accountsCount * 0.618))
  while (commonFactor(stride, accountsCount) !== 1) stride++
  return stride
}

function commonFactor(one: number, other: number): number {
  return other === 0 ? one : commonFactor(other, one % other)
}

function accountAfter(round: number): Account {
  return {
    nonce: BigInt(round),
    balance: 10n ** 18n + BigInt(round),
    codeHash: undefined
  }
}

function addressHash(index: number): Uint8Array {
  return keccak256(Buffer.from(`account ${String(index)}`))
}

function blockHash(number: bigint): Hex {
  return bytesToHex(keccak256(Buffer.from(`block ${String(number)}`)))
}
