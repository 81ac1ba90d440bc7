// The state as a state database holds it: whose it is, and whether all of its trie can be read.
import { bytesToHex, equalBytes, type Hex, hexToBytes } from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { decodeAccount, encodeSlimAccount } from '../../src/state/account-codec.ts'
import { readPoint } from '../../src/state/flush-batch.ts'
import {
  accountKey,
  codeKey,
  type EntryKey,
  keyToBytes,
  nodeKey,
  slotKey
} from '../../src/state/entry-key.ts'
import { decodeSlotValue } from '../../src/state/slot-value.ts'
import { openValue } from '../../src/store/checked-value.ts'
import { type KeyValueStore } from '../../src/store/key-value-store.ts'
import { STATE_PREFIX } from '../../src/store/keys.ts'
import { pathKey } from '../../src/trie/nibbles.ts'
import { iterateEntries } from '../../src/trie/trie-walk.ts'
import { describeError } from '../cluster/condition.ts'

/** What a state database says of itself, and the first thing in it that is not sound. */
export interface StoredState {
  readonly number: number
  readonly hash: Hex
  readonly root: Hex
  readonly accountsCount: number
  readonly fault: string | undefined
}

/** Walks the whole state; a devnet's is small. Undefined when there is none. Throws StateError, StoreError. */
export async function readStoredState(store: KeyValueStore): Promise<StoredState | undefined> {
  const point = readPoint(store)
  if (point === undefined) return undefined
  const { hash, root } = point
  const counts = { accounts: 0, slots: 0 }
  let fault: string | undefined
  try {
    fault = walkState(store, hexToBytes(root), counts) ?? (await findStray(store, counts))
  } catch (thrown) {
    fault = describeError(thrown)
  }
  return { number: Number(point.number), hash, root, accountsCount: counts.accounts, fault }
}

type Counts = Record<'accounts' | 'slots', number>

/** Every node is checked by its hash on the way; flat entries and codes are checked beside it. */
function walkState(store: KeyValueStore, root: Uint8Array, counts: Counts): string | undefined {
  for (const { key: addressHash, value } of iterateEntries(nodesOf(store, undefined), root)) {
    counts.accounts += 1
    const account = decodeAccount(value)
    const name = `account ${bytesToHex(addressHash)}`
    if (!isFlat(store, accountKey(addressHash), encodeSlimAccount(account))) {
      return `${name}: its flat entry is not what the trie holds`
    }
    if (account.codeHash !== undefined && !hasCode(store, account.codeHash)) {
      return `${name}: its code is missing or another`
    }
    for (const slot of iterateEntries(nodesOf(store, addressHash), account.storageRoot)) {
      counts.slots += 1
      if (!isFlat(store, slotKey(addressHash, slot.key), decodeSlotValue(slot.value))) {
        return `${name}: flat slot ${bytesToHex(slot.key)} is not what the trie holds`
      }
    }
  }
  return undefined
}

/** Flat entries that the trie does not have. */
async function findStray(store: KeyValueStore, counts: Counts): Promise<string | undefined> {
  for (const [kind, prefix] of [
    ['accounts', STATE_PREFIX.account],
    ['slots', STATE_PREFIX.slot]
  ] as const) {
    let count = 0
    const range = { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1) }
    for await (const [_] of store.iterate(range)) count += 1
    if (count !== counts[kind]) {
      return `${String(count)} flat ${kind}, ${String(counts[kind])} in the trie`
    }
  }
  return undefined
}

function nodesOf(store: KeyValueStore, owner: Uint8Array | undefined) {
  return { node: (path: Uint8Array) => store.get(keyToBytes(nodeKey(owner, pathKey(path)))) }
}

function isFlat(store: KeyValueStore, key: EntryKey, wanted: Uint8Array): boolean {
  const keyBytes = keyToBytes(key)
  const stored = store.get(keyBytes)
  const body = stored && openValue(keyBytes, stored)
  return body !== undefined && equalBytes(body, wanted)
}

function hasCode(store: KeyValueStore, codeHash: Uint8Array): boolean {
  const code = store.get(keyToBytes(codeKey(codeHash)))
  return code !== undefined && equalBytes(keccak256(code), codeHash)
}
