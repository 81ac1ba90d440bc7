// The state that the fake nodes hold, in tries of @ethereumjs/mpt, and what is served of it: every rule kept.
import { createMPT, type MerklePatriciaTrie } from '@ethereumjs/mpt'
import { type NestedUint8Array, RLP } from '@ethereumjs/rlp'
import {
  type AccountRange,
  type AccountRangeRequest
} from '../../../protocols/account-range/codec.ts'
import { type ByteCodesRequest } from '../../../protocols/byte-codes/codec.ts'
import { keccak256, toHex } from '../../../protocols/conformance/block-maker.ts'
import { EMPTY_TRIE, nibblesOf, wayAlong } from '../../../protocols/conformance/trie-ways.ts'
import { type StateLeaf } from '../../../protocols/state-leaves.ts'
import { type StorageRangesRequest } from '../../../protocols/storage-ranges/codec.ts'
import { type TrieNodesRequest } from '../../../protocols/trie-nodes/codec.ts'

/** An account of the fakes. */
export interface FakeAccount {
  readonly hash: Uint8Array
  readonly body: Uint8Array
  readonly storageRoot: Uint8Array
  /** Ascending. */
  readonly slots: readonly StateLeaf[]
}

/** The state of the fakes' head. */
export interface FakeState {
  readonly root: Uint8Array
  /** Ascending. */
  readonly accounts: readonly FakeAccount[]
  readonly codes: readonly Uint8Array[]
  /** All nodes of all tries. */
  readonly nodes: ReadonlyMap<string, Uint8Array>
}

const ACCOUNTS_COUNT = 8
const SLOTS_COUNTS = [6, 5]
const SOFT_MAX_BYTES = 2 ** 21
const LEAF_BYTES = 40
const ITEM_BYTES = 4

/** Always the same. */
export async function makeFakeState(): Promise<FakeState> {
  const nodes = new Map<string, Uint8Array>()
  const trie = await createMPT()
  const codes = SLOTS_COUNTS.map((_, at) => new Uint8Array(50).fill(0x5b + at))
  const accounts: FakeAccount[] = []
  for (let at = 0; at < ACCOUNTS_COUNT; at++) {
    const storage = await createMPT()
    const slots = sorted(
      Array.from({ length: SLOTS_COUNTS[at] ?? 0 }, (_, slot) => ({
        hash: keccak256(Uint8Array.of(0x73, slot)),
        value: Uint8Array.of(1 + slot, 0)
      }))
    )
    for (const { hash, value } of slots) await storage.put(hash, RLP.encode(value))
    const code = codes[at]
    const fields = [Uint8Array.of(at + 1), Uint8Array.of(200, at)]
    const isContract = code !== undefined
    const [storageRoot, codeHash] = [storage.root(), keccak256(code ?? new Uint8Array())]
    const hash = keccak256(Uint8Array.of(0x61, at))
    await trie.put(hash, RLP.encode([...fields, storageRoot, codeHash]))
    const none = new Uint8Array()
    const body = RLP.encode([
      ...fields,
      isContract ? storageRoot : none,
      isContract ? codeHash : none
    ])
    accounts.push({ hash, body, storageRoot, slots })
    await collect(storage, storage.root(), nodes)
  }
  await collect(trie, trie.root(), nodes)
  return { root: trie.root(), accounts: sorted(accounts), codes, nodes }
}

function sorted<Item extends { readonly hash: Uint8Array }>(
  items: readonly Item[]
): readonly Item[] {
  return items.toSorted((one, other) => Buffer.compare(one.hash, other.hash))
}

async function collect(
  trie: MerklePatriciaTrie,
  reference: Uint8Array | NestedUint8Array,
  nodes: Map<string, Uint8Array>
): Promise<void> {
  let items: Uint8Array | NestedUint8Array = reference
  if (items instanceof Uint8Array) {
    const encoded = items.length === 32 ? await trie.database().get(items) : undefined
    if (encoded === undefined) return
    nodes.set(toHex(items), encoded)
    items = RLP.decode(encoded)
  }
  if (Array.isArray(items)) for (const item of items) await collect(trie, item, nodes)
}

/** Accounts of the state; undefined where it is another one. */
export function rangeOf(
  state: FakeState,
  { root, origin, limit, maxBytes }: AccountRangeRequest
): { readonly accounts: readonly StateLeaf[]; readonly proof: AccountRange['proof'] } | undefined {
  if (!isSame(root, state.root)) return undefined
  const leaves = state.accounts.map(({ hash, body }) => ({ hash, value: body }))
  const { sent } = stretchOf(leaves, { origin, limit, room: maxBytes, isFirst: true })
  return { accounts: sent, proof: proofOf(state, root, [origin, sent.at(-1)?.hash]) }
}

/** Slots of accounts of the state; undefined where it is another one, or the first account is not in it. */
export function slotsIn(
  state: FakeState,
  { root, accounts, origin, limit, maxBytes }: StorageRangesRequest
) {
  if (!isSame(root, state.root)) return undefined
  const slots: (readonly StateLeaf[])[] = []
  let room = Math.min(maxBytes, SOFT_MAX_BYTES)
  for (const asked of accounts) {
    const account = state.accounts.find(({ hash }) => isSame(hash, asked))
    if (account === undefined) break
    const isFirst = slots.length === 0
    const { sent, isEnd } = stretchOf(account.slots, { origin, limit, room, isFirst })
    const isWhole = isEnd && origin.every((byte) => byte === 0)
    if (!isWhole && sent.length === 0 && !isFirst) break
    slots.push(sent)
    if (!isWhole) {
      const proof = proofOf(state, account.storageRoot, [origin, sent.at(-1)?.hash])
      return { slots, proof }
    }
    room -= sizeOf(sent)
  }
  return slots.length === 0 ? undefined : { slots, proof: [] }
}

/** Codes that are held. */
export function codesIn(state: FakeState, { hashes, maxBytes }: ByteCodesRequest) {
  const held = hashes.flatMap((hash) => {
    const code = state.codes.find((it) => isSame(keccak256(it), hash))
    return code === undefined ? [] : [code]
  })
  return fitting(held, maxBytes)
}

/** Nodes at their places; undefined where the state is another one. */
export function nodesIn(state: FakeState, { root, paths, maxBytes }: TrieNodesRequest) {
  if (!isSame(root, state.root)) return undefined
  const nodes = paths.map(({ account, path }) => {
    const isState = account.every((byte) => byte === 0)
    const owner = state.accounts.find(({ hash }) => isSame(hash, account))
    const trie = isState ? root : (owner?.storageRoot ?? EMPTY_TRIE)
    const way = wayAlong(state.nodes, trie, path)
    return way.find(({ depth }) => depth === path.length)?.encoded ?? new Uint8Array()
  })
  return fitting(nodes, maxBytes)
}

/** The nodes on the way to each key, once. */
export function proofOf(
  { nodes }: Pick<FakeState, 'nodes'>,
  root: Uint8Array,
  keys: readonly (Uint8Array | undefined)[]
): readonly Uint8Array[] {
  const way = keys.flatMap((key) =>
    key === undefined ? [] : wayAlong(nodes, root, nibblesOf(key))
  )
  const byHash = new Map(way.map(({ hash, encoded }) => [hash, encoded]))
  return [...byHash.values()].filter((encoded) => encoded !== undefined)
}

function stretchOf(
  leaves: readonly StateLeaf[],
  {
    origin,
    limit,
    room,
    isFirst
  }: {
    readonly origin: Uint8Array
    readonly limit: Uint8Array
    readonly room: number
    readonly isFirst: boolean
  }
) {
  const sent: StateLeaf[] = []
  for (const leaf of leaves) {
    if (Buffer.compare(leaf.hash, origin) < 0) continue
    const isDue = isFirst && sent.length === 0
    const isRoom = sizeOf([...sent, leaf]) <= Math.min(room, SOFT_MAX_BYTES)
    if (!isDue && !isRoom) return { sent, isEnd: false }
    sent.push(leaf)
    if (Buffer.compare(leaf.hash, limit) >= 0) return { sent, isEnd: false }
  }
  return { sent, isEnd: true }
}

function sizeOf(leaves: readonly StateLeaf[]): number {
  return leaves.reduce((sum, { value }) => sum + LEAF_BYTES + value.length, 0)
}

function fitting(items: readonly Uint8Array[], maxBytes: number): readonly Uint8Array[] {
  let sum = 0
  const end = items.findIndex((item, at) => {
    sum += ITEM_BYTES + item.length
    return at > 0 && sum > Math.min(maxBytes, SOFT_MAX_BYTES)
  })
  return end === -1 ? items : items.slice(0, end)
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0
}
