// A small state with an owner of slots and a code, what damages it, and a peer that serves a sound one.
import assert from 'node:assert/strict'
import { bytesToHex, type Hex } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { silentLog } from '../../../src/base/log.ts'
import { type EntrySource, type PlacedNode } from '../../../src/state/entry-source.ts'
import { StateStore } from '../../../src/state/state-store.ts'
import { type AccountChange, type StateChanges } from '../../../src/state/state-view.ts'
import { type KeyValueStore } from '../../../src/store/key-value-store.ts'
import { STATE_PREFIX } from '../../../src/store/keys.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import { nodeAtPath } from '../../../src/trie/proof.ts'
import { journalHash } from '../../support/journalled-state.ts'
import { testHash } from '../../support/state-model.ts'

export const ACCOUNTS = 24
export const SLOTS = 24
export const OWNER = testHash(3)
export const CODE = Uint8Array.of(0x60, 1, 2, 3, 4, 5, 6, 7)
export const CODE_HASH = keccak256(CODE)
export const NODES = [STATE_PREFIX.accountNode, STATE_PREFIX.storageNode]
export const ENTRIES = [...NODES, STATE_PREFIX.account, STATE_PREFIX.slot, STATE_PREFIX.code]

export const sorted = (count: number, from: number) =>
  Array.from({ length: count }, (_, index) => testHash(from + index)).sort((one, other) =>
    Buffer.compare(one, other)
  )

/** Every account, and every slot of one of them. */
export function changesWith(nonce: bigint): StateChanges {
  const accounts = sorted(ACCOUNTS, 0).map((addressHash): AccountChange => {
    const isOwner = Buffer.compare(addressHash, OWNER) === 0
    const value = Uint8Array.of(Number(nonce))
    return {
      addressHash,
      account: { nonce, balance: 1n, codeHash: isOwner ? CODE_HASH : undefined },
      storageCleared: false,
      slots: isOwner ? sorted(SLOTS, 1_000).map((slotHash) => ({ slotHash, value })) : []
    }
  })
  return { accounts, codes: nonce === 1n ? [CODE] : [] }
}

export async function makeStore(): Promise<KeyValueStore> {
  const store = createMemoryStore()
  const state = new StateStore({ store, log: silentLog })
  await state.resetToGenesis({ changes: changesWith(1n), number: 0n, hash: journalHash(0) })
  return store
}

/** A sound state with a block above it, whose states are served as a peer serves them. */
export class Served implements EntrySource {
  readonly state: StateStore
  asked = 0
  isServing: (root: Hex) => boolean = () => true
  newer: readonly Uint8Array[] = []

  constructor(store: KeyValueStore) {
    this.state = new StateStore({ store, log: silentLog })
  }

  isHopeless = () => false
  newerRoots = () => this.newer

  async nodes(root: Uint8Array, wanted: readonly PlacedNode[]) {
    this.asked += 1
    return wanted.map((one) => this.#node(root, one))
  }

  #node(root: Uint8Array, { owner, path, hash }: PlacedNode): Uint8Array | undefined {
    if (!this.isServing(bytesToHex(root))) return undefined
    const view = this.state.viewOfRoot(bytesToHex(root))
    assert.ok(view !== undefined, 'a root of no state was asked for')
    const top = owner === undefined ? root : view.storageRoot(owner)
    const node = nodeAtPath({ node: (at) => view.node(owner, at) }, top, path)
    // A peer that is asked with a wrong hash is blamed for what is ours.
    assert.equal(node && bytesToHex(keccak256(node)), bytesToHex(hash))
    return node
  }

  async code(codeHash: Uint8Array): Promise<Uint8Array | undefined> {
    this.asked += 1
    return this.state.code(codeHash)
  }
}

export async function keysOf(
  store: KeyValueStore,
  prefixes: readonly number[]
): Promise<Uint8Array[]> {
  const keys: Uint8Array[] = []
  for (const prefix of prefixes) {
    const range = { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1) }
    for await (const [key] of store.iterate(range)) keys.push(Uint8Array.from(key))
  }
  return keys
}

export async function dump(store: KeyValueStore): Promise<string[]> {
  const entries: string[] = []
  for (const key of await keysOf(store, ENTRIES)) {
    entries.push(`${bytesToHex(key)} ${bytesToHex(valueOf(store, key))}`)
  }
  return entries
}

export async function spoil(store: KeyValueStore, keys: readonly Uint8Array[]): Promise<void> {
  const operations = keys.map((key, at) => {
    if (at % 3 === 0) return { type: 'del', key } as const
    const value = Uint8Array.from(valueOf(store, key))
    value[value.length >> 1]! ^= 4
    return { type: 'put', key, value } as const
  })
  await store.batch(operations, { sync: true })
}

function valueOf(store: KeyValueStore, key: Uint8Array): Uint8Array {
  return store.get(key) ?? assert.fail(`nothing at ${bytesToHex(key)}`)
}
