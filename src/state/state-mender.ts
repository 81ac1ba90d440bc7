// Damage that shows while a node runs: made again of what else is here, else fetched from peers, and put back (README.md, "Mending").
import { bytesToHex, hexToBytes } from '../base/bytes.ts'
import { Backoff } from '../base/backoff.ts'
import { type Clock } from '../base/clock.ts'
import { withDeadline } from '../base/deadline.ts'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { StoreError } from '../store/store-error.ts'
import { type EntrySource, fetchNode, toNibbles } from './entry-source.ts'
import { codeKey, type EntryKey, type EntryPlace, nodeKey, placeOf } from './entry-key.ts'
import { readFlatFromTrie } from './flat-mender.ts'
import { type DamagedNode, damagedNode } from './node-mender.ts'
import { FlatEntryError, StateError } from './state-error.ts'

/** Entries that are mended at the same time. */
export const MENDED_AT_ONCE_MAX = 64
/** So long one entry is worked on: whatever needs it waits meanwhile. */
export const MEND_TIMEOUT_MS = 30_000
/** So often peers are asked for one entry. */
export const MEND_TRIES_MAX = 8
/** What could not be had is not asked for again before. */
export const MEND_AGAIN_MS = 10_000
const RETRY = { minMs: 250, maxMs: 5_000 }
/** Entries that are known not to be mended; an older one is forgotten. */
const UNMENDED_MAX = 256
/** Of these, so many are shown. */
const UNMENDED_SHOWN_MAX = 16
/** Nodes on the way to a slot: of the account trie, and of the storage trie. */
const WAY_NODES_MAX = 2 * 65

/** The state at the block that was read when the damage showed. */
export interface DamagedState {
  readonly root: Uint8Array
  /** An entry as of that block. Throws StateError. */
  readonly read: (key: EntryKey) => Uint8Array | undefined
}

/** The entries of LevelDB; the disk layer satisfies it. */
export interface MendedDisk {
  mendNode(thrown: unknown): Promise<boolean>
  /** As it is on disk, or undefined where it cannot be read. */
  stored(key: EntryKey): Uint8Array | undefined
  /** Writes an entry anew, unless it is not what it was `before`, or a newer one is on its way. Throws StoreError. */
  putBack(
    key: EntryKey,
    value: Uint8Array | undefined,
    before: Uint8Array | undefined
  ): Promise<void>
}

/** What mending needs. */
export interface StateMenderDeps {
  readonly clock: Clock
  readonly log: Log
  readonly disk: () => MendedDisk
}

/** An entry that could not be mended. */
export interface UnmendedEntry extends EntryPlace {
  readonly reason: string
}

/** What status says of it. */
export interface ShownMending {
  /** Since the node started. */
  readonly mendedCount: number
  readonly underWayCount: number
  readonly unmendedCount: number
  /** The first of them. */
  readonly unmended: readonly UnmendedEntry[]
}

/** A damage, by the entry that it is of. */
type Damage =
  | { readonly kind: 'node'; readonly key: EntryKey; readonly node: DamagedNode }
  | { readonly kind: 'flat'; readonly key: EntryKey }
  | { readonly kind: 'code'; readonly key: EntryKey; readonly hash: Uint8Array }

/** Mends each entry once at a time, however many ask for it. */
export class StateMender {
  readonly #deps: StateMenderDeps
  readonly #underWay = new Map<EntryKey, Promise<boolean>>()
  readonly #unmended = new Map<EntryKey, { readonly reason: string; readonly atMs: number }>()
  #source: EntrySource | undefined
  #mendedCount = 0

  constructor(deps: StateMenderDeps) {
    this.#deps = deps
  }

  /** Peers are there to be asked from now on. */
  useSource(source: EntrySource): void {
    this.#source = source
  }

  shown(): ShownMending {
    const first = [...this.#unmended].slice(0, UNMENDED_SHOWN_MAX)
    return {
      mendedCount: this.#mendedCount,
      underWayCount: this.#underWay.size,
      unmendedCount: this.#unmended.size,
      unmended: first.map(([key, { reason }]) => ({ ...placeOf(key), reason }))
    }
  }

  /**
   * True when what this failure names is whole now; false where nobody has it, and for any other failure. Settles after
   * `MEND_TIMEOUT_MS` at the latest. Throws StoreError.
   */
  async mend(thrown: unknown, state: DamagedState): Promise<boolean> {
    const damage = damageOf(thrown)
    if (damage === undefined) return false
    const { key } = damage
    const known = this.#underWay.get(key)
    if (known !== undefined) return known
    if (this.#underWay.size >= MENDED_AT_ONCE_MAX || this.#isTooEarly(key)) return false
    const work = this.#mendInTime(damage, thrown, state).finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, work)
    return work
  }

  #isTooEarly(key: EntryKey): boolean {
    const failedMs = this.#unmended.get(key)?.atMs
    return failedMs !== undefined && this.#deps.clock.monotonicMs() - failedMs < MEND_AGAIN_MS
  }

  async #mendInTime(damage: Damage, thrown: unknown, state: DamagedState): Promise<boolean> {
    const { clock, log } = this.#deps
    const { key } = damage
    let reason = 'no peer serves it'
    try {
      const isMended = await withDeadline(
        { clock, what: 'mending', ms: MEND_TIMEOUT_MS },
        async (signal) => this.#mendOne(damage, { thrown, state, signal })
      )
      if (isMended) {
        this.#unmended.delete(key)
        return true
      }
    } catch (failure) {
      if (failure instanceof StoreError) throw failure
      reason = errorMessage(failure)
    }
    log.error('state-entry-not-mended', { ...placeOf(key), reason })
    // Without peers nothing was waited for, and the next try costs nothing.
    if (this.#source?.isHopeless() === false) this.#noteUnmended(key, reason)
    return false
  }

  #noteUnmended(key: EntryKey, reason: string): void {
    this.#unmended.delete(key)
    this.#unmended.set(key, { reason, atMs: this.#deps.clock.monotonicMs() })
    const [oldest] = this.#unmended.keys()
    if (this.#unmended.size > UNMENDED_MAX && oldest !== undefined) this.#unmended.delete(oldest)
  }

  async #mendOne(
    damage: Damage,
    {
      thrown,
      state,
      signal
    }: { readonly thrown: unknown; readonly state: DamagedState; readonly signal: AbortSignal }
  ): Promise<boolean> {
    switch (damage.kind) {
      case 'node':
        return this.#mendNode(damage.node, { thrown, state, signal })
      case 'flat':
        return this.#mendFlat(damage.key, state, signal)
      case 'code':
        return this.#mendByPeers(damage.key, signal, async (source) =>
          source.code(damage.hash, signal)
        )
    }
  }

  async #mendNode(
    { owner, path, expected }: DamagedNode,
    {
      thrown,
      state: { root },
      signal
    }: { readonly thrown: unknown; readonly state: DamagedState; readonly signal: AbortSignal }
  ): Promise<boolean> {
    if (await this.#deps.disk().mendNode(thrown)) {
      this.#mendedCount += 1
      return true
    }
    const wanted = { owner, path: toNibbles(path), hash: hexToBytes(expected) }
    return this.#mendByPeers(nodeKey(owner, path), signal, async (source) =>
      fetchNode(source, { root, wanted }, signal)
    )
  }

  /** Out of the trie, once the nodes on the way to it are whole. */
  async #mendFlat(key: EntryKey, state: DamagedState, signal: AbortSignal): Promise<boolean> {
    const disk = this.#deps.disk()
    const before = disk.stored(key)
    for (let nodes = 0; nodes <= WAY_NODES_MAX; nodes++) {
      try {
        const value = readFlatFromTrie(state, state.root, key)
        await disk.putBack(key, value, before)
        this.#noteMended(key, 'trie')
        return true
      } catch (thrown) {
        const node = damagedNode(thrown)
        if (node === undefined) throw thrown
        const isMended = await this.#mendNode(node, { thrown, state, signal })
        if (!isMended) return false
      }
    }
    return false
  }

  async #mendByPeers(
    key: EntryKey,
    signal: AbortSignal,
    fetch: (source: EntrySource) => Promise<Uint8Array | undefined>
  ): Promise<boolean> {
    const source = this.#source
    if (source === undefined || source.isHopeless()) return false
    const disk = this.#deps.disk()
    const before = disk.stored(key)
    this.#deps.log.warn('state-entry-damaged', { ...placeOf(key), asking: 'peers' })
    const value = await this.#patiently(source, fetch, signal)
    if (value === undefined) return false
    await disk.putBack(key, value, before)
    this.#noteMended(key, 'peers')
    return true
  }

  async #patiently(
    source: EntrySource,
    fetch: (source: EntrySource) => Promise<Uint8Array | undefined>,
    signal: AbortSignal
  ): Promise<Uint8Array | undefined> {
    const backoff = new Backoff(RETRY)
    for (let tries = 1; !source.isHopeless(); tries++) {
      const value = await fetch(source)
      if (value !== undefined) return value
      if (tries === MEND_TRIES_MAX) break
      await this.#deps.clock.sleep(backoff.next(), signal)
    }
    return undefined
  }

  #noteMended(key: EntryKey, from: 'peers' | 'trie'): void {
    this.#mendedCount += 1
    this.#deps.log.warn('state-entry-mended', { ...placeOf(key), from })
  }
}

function damageOf(thrown: unknown): Damage | undefined {
  if (!(thrown instanceof StateError)) return undefined
  if (thrown instanceof FlatEntryError) return { kind: 'flat', key: thrown.key }
  const { failure } = thrown
  if (failure.code === 'code-missing' || failure.code === 'code-damaged') {
    const hash = hexToBytes(failure.codeHash)
    return { kind: 'code', key: codeKey(hash), hash }
  }
  if (failure.code === 'entry-damaged') {
    const hash = hexToBytes(failure.key).subarray(1)
    const key = codeKey(hash)
    // Of all other kinds the damage is named by what proves them.
    return bytesToHex(Buffer.from(key, 'latin1')) === failure.key
      ? { kind: 'code', key, hash }
      : undefined
  }
  const node = damagedNode(thrown)
  return node && { kind: 'node', key: nodeKey(node.owner, node.path), node }
}
