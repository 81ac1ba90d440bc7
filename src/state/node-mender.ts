// Damaged trie nodes of the disk, made again: of the nodes below them, or of the flat entries; the parent's hash proves each.
import { RLP } from '@ethereumjs/rlp'
import { bytesToHex, hexToBytes, type Hex } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { type Log } from '../base/log.ts'
import { createYielder } from '../base/yielder.ts'
import { openValue } from '../store/checked-value.ts'
import { type KeyValueStore } from '../store/key-value-store.ts'
import { STATE_PREFIX } from '../store/keys.ts'
import { isStoreDamaged } from '../store/store-error.ts'
import { createTrie, EMPTY_ROOT } from '../trie/trie.ts'
import { TrieError, type TrieFailure } from '../trie/trie-error.ts'
import { decodeAccount, encodeTrieAccount } from './account-codec.ts'
import {
  type EntryKey,
  isSameEntry,
  keyToBytes,
  nodeKey,
  placeOf,
  toOperation
} from './entry-key.ts'
import { encodeSlotValue } from './slot-value.ts'
import { StateError } from './state-error.ts'

/** A subtree of more leaves is not made again of them; its top node comes of the nodes below. */
const LEAVES_MAX = 65_536
const NO_BYTES = new Uint8Array(0)

/** What mending needs. */
export interface NodeMenderDeps {
  readonly store: KeyValueStore
  readonly log: Log
  /** True where a buffer holds a newer node: then the one on disk is read by nobody. */
  readonly isBuffered: (key: EntryKey) => boolean
}

/** A node that is not what its parent's hash says. */
export interface DamagedNode {
  /** Undefined for the account trie. */
  readonly owner: Uint8Array | undefined
  /** One hex digit a nibble. */
  readonly path: string
  readonly expected: Hex
}

/** Mends each node once at a time. */
export class NodeMender {
  readonly #deps: NodeMenderDeps
  readonly #underWay = new Map<EntryKey, Promise<boolean>>()

  constructor(deps: NodeMenderDeps) {
    this.#deps = deps
  }

  /** True when the node that this failure names is whole now; false for any other failure. Throws StoreError. */
  async mend(thrown: unknown): Promise<boolean> {
    const damaged = damagedNode(thrown)
    return damaged !== undefined && this.mendNode(damaged)
  }

  /** True when the node is whole now. Throws StoreError. */
  async mendNode(damaged: DamagedNode): Promise<boolean> {
    const key = nodeKey(damaged.owner, damaged.path)
    const work = this.#underWay.get(key) ?? this.#mendOne(key, damaged)
    this.#underWay.set(key, work)
    try {
      return await work
    } finally {
      this.#underWay.delete(key)
    }
  }

  /** Settles when nothing is being written: then a flush cannot be overtaken by an older node. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#underWay.values()])
  }

  async #mendOne(key: EntryKey, damaged: DamagedNode): Promise<boolean> {
    const { store, log, isBuffered } = this.#deps
    if (isBuffered(key)) return false
    const before = readNode(store, key)
    const node = await this.#made(damaged)
    // What is written there meanwhile is newer.
    if (node === undefined || isBuffered(key) || !isSameEntry(readNode(store, key), before))
      return false
    await store.batch([toOperation(key, node)], { sync: true })
    log.warn('trie-node-mended', { ...placeOf(key) })
    return true
  }

  async #made(damaged: DamagedNode): Promise<Uint8Array | undefined> {
    const isIt = (node: Uint8Array | undefined) =>
      node !== undefined && bytesToHex(keccak256(node)) === damaged.expected
    const branch = this.#branchOf(damaged)
    if (isIt(branch)) return branch
    const made = await this.#nodeOfLeaves(damaged).catch((thrown: unknown) => {
      if (isStoreDamaged(thrown)) return undefined
      throw thrown
    })
    return isIt(made) ? made : undefined
  }

  /** The branch over the nodes below; wrong where one of them lies within it, which only small ones of storage do. */
  #branchOf({ owner, path }: DamagedNode): Uint8Array {
    const children = Array.from({ length: 16 }, (_, nibble) => {
      const child = readNode(this.#deps.store, nodeKey(owner, path + nibble.toString(16)))
      return child === undefined ? NO_BYTES : keccak256(child)
    })
    return RLP.encode([...children, NO_BYTES])
  }

  /** Out of a trie of all flat entries below the path, and of one beside it, which keeps the node apart from those above. */
  async #nodeOfLeaves({ owner, path }: DamagedNode): Promise<Uint8Array | undefined> {
    const trie = createTrie({ node: () => undefined }, EMPTY_ROOT)
    const yielder = createYielder()
    const prefix = Uint8Array.of(owner === undefined ? STATE_PREFIX.account : STATE_PREFIX.slot)
    const base = owner === undefined ? prefix : Uint8Array.of(...prefix, ...owner)
    const range = { ...rangeBelow(base, path), limit: LEAVES_MAX + 1 }
    let count = 0
    for await (const [key, value] of this.#deps.store.iterate(range)) {
      const body = openValue(key, value)
      if (body === undefined || ++count > LEAVES_MAX) return undefined
      const leaf =
        owner === undefined ? encodeTrieAccount(decodeAccount(body)) : encodeSlotValue(body)
      trie.put(key.slice(base.length), leaf)
      await yielder.maybeYield()
    }
    if (path.length > 0) {
      const sibling = (Number.parseInt(path.at(-1) ?? '0', 16) ^ 1).toString(16)
      trie.put(hexToBytes(`0x${(path.slice(0, -1) + sibling).padEnd(64, '0')}`), NOT_EMPTY)
    }
    return trie.commit().nodes.get(path)?.value
  }
}

/** Long enough that no leaf lies within another node. */
const NOT_EMPTY = new Uint8Array(64).fill(1)

/** The node that a failure names; undefined for any other failure. */
export function damagedNode(thrown: unknown): DamagedNode | undefined {
  if (!(thrown instanceof StateError) || thrown.failure.code !== 'node-damaged') return undefined
  const { cause } = thrown
  if (!(cause instanceof TrieError)) return undefined
  const [ownerHex] = thrown.failure.place.split('/')
  const owner = ownerHex === '' || ownerHex === undefined ? undefined : hexToBytes(ownerHex)
  return damagedIn(owner, cause.failure)
}

/** The same of a trie's own failure. */
export function damagedIn(
  owner: Uint8Array | undefined,
  failure: TrieFailure
): DamagedNode | undefined {
  if (failure.code !== 'node-missing' && failure.code !== 'node-hash-mismatch') return undefined
  const expected = failure.code === 'node-missing' ? failure.hash : failure.expected
  return { owner, path: failure.path, expected }
}

/** Damaged so far that LevelDB cannot read it is as good as missing. */
function readNode(store: Pick<KeyValueStore, 'get'>, key: EntryKey): Uint8Array | undefined {
  try {
    return store.get(keyToBytes(key))
  } catch (thrown) {
    if (isStoreDamaged(thrown)) return undefined
    throw thrown
  }
}

/** All keys that go on from `base` with these nibbles. */
function rangeBelow(base: Uint8Array, path: string) {
  const bytesOf = (digits: string) => Buffer.from(digits, 'hex')
  const isOdd = path.length % 2 === 1
  const start = Buffer.concat([base, bytesOf(isOdd ? `${path}0` : path)])
  const end = Buffer.concat([base, bytesOf(isOdd ? `${path}f` : path), Buffer.alloc(33, 0xff)])
  return { start: new Uint8Array(start), end: new Uint8Array(end) }
}
