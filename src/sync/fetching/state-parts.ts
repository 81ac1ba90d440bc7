// Parts of a state as peers bring them: each of whichever peer does it, counted, and with what hangs on accounts before these.
import { bytesToHex, equalBytes, type Hex } from '../../base/bytes.ts'
import { type Clock } from '../../base/clock.ts'
import { errorMessage } from '../../base/node-error.ts'
import { type BlockRef } from '../../chain/blocks/block.ts'
import { decodeAccount } from '../../state/account-codec.ts'
import { type FetchedState } from '../../state/fetched-state.ts'
import { type LargeBegun, type ProvenSlots } from '../../state/proven-state.ts'
import { shareFetched, shareOf } from '../../state/fetch-checkpoint.ts'
import { type WantedNode } from '../../state/heal-trie.ts'
import { type TrieOwner } from '../../state/trie-ranges.ts'
import { EMPTY_ROOT } from '../../trie/node-source.ts'
import { RequestError } from '../../reqresp/request-error.ts'
import { type StatePeers, type StorageOwner } from '../protocols/state-peers.ts'
import { type AttemptResult } from './fetch-job.ts'
import { type FetchPool } from './fetch-pool.ts'

/** Accounts whose slots are asked for with one request. */
const STORAGES_AT_ONCE_MAX = 256
/** Codes of one request. */
const CODES_AT_ONCE_MAX = 256
/** The whole key space. */
const LOWEST = new Uint8Array(32)
const HIGHEST = new Uint8Array(32).fill(0xff)
/** How the account trie is named beside the accounts' storage tries. */
const ACCOUNT_TRIE = new Uint8Array(32)

/** A block whose state is fetched. */
export interface Pivot extends BlockRef {
  readonly stateRoot: Hex
  /** The same as 32 bytes. */
  readonly root: Uint8Array
}

/** What came so far, in this process. */
export interface StateProgress {
  readonly accounts: number
  readonly slots: number
  readonly codes: number
  /** Nodes that were fetched one by one, since they changed meanwhile. */
  readonly nodes: number
  readonly bytes: number
  /** Of the key space of accounts, from 0 to 1, over all processes. */
  readonly accountsShare: number
  /** The same of all key spaces, with those of large storages. */
  readonly share: number
}

/** What fetching needs. */
export interface FetchStateDeps {
  readonly clock: Pick<Clock, 'sleep'>
  readonly pool: FetchPool
  readonly peers: StatePeers
  /** Those that serve states and may be asked, the best first. */
  readonly serving: () => readonly string[]
  readonly onProgress: (
    progress: StateProgress,
    from: { readonly peer: string; readonly bytes: number }
  ) => void
}

/** Nobody has the state of this pivot; or somebody has it no more, and the others were silent. */
export class PivotGone extends Error {
  readonly pivot: Pivot
  /** True once all peers were asked. */
  readonly isSure: boolean

  constructor(pivot: Pivot, reason: string, isSure: boolean) {
    super(reason)
    this.pivot = pivot
    this.isSure = isSure
  }
}

/** So long others are waited for after a peer said that it has not the state of the pivot. */
const LEAVE_AFTER_MS = 1_000

/** When a pivot is left: one for all parts of its state. */
interface Leaving {
  readonly pivot: Pivot
  readonly stop: AbortController
  isBegun: boolean
}

/** Asks for parts of the state of a pivot. Each call throws PivotGone where no peer has it. */
export class StateParts {
  readonly #deps: FetchStateDeps
  readonly #fetched: FetchedState
  readonly #signal: AbortSignal
  #leaving: Leaving | undefined
  readonly #done = { accounts: 0, slots: 0, codes: 0, nodes: 0, bytes: 0 }

  constructor(deps: FetchStateDeps, fetched: FetchedState, signal: AbortSignal) {
    this.#deps = deps
    this.#fetched = fetched
    this.#signal = signal
  }

  /** Codes and slots of accounts, before these are stored. Returns those whose slots are too many to come at once. */
  async hanging(
    pivot: Pivot,
    accounts: readonly { readonly hash: Uint8Array; readonly body: Uint8Array }[]
  ): Promise<readonly LargeBegun[]> {
    const codes = new Map<string, Uint8Array>()
    const storages: StorageOwner[] = []
    for (const { hash, body } of accounts) {
      const { codeHash, storageRoot } = decodeAccount(body)
      if (codeHash !== undefined && !this.#fetched.hasCode(codeHash)) {
        codes.set(bytesToHex(codeHash), codeHash)
      }
      if (!equalBytes(storageRoot, EMPTY_ROOT)) storages.push({ hash, storageRoot })
    }
    await this.codes(pivot, [...codes.values()])
    return this.#fetchStorages(pivot, storages)
  }

  async #fetchStorages(
    pivot: Pivot,
    wanted: readonly StorageOwner[]
  ): Promise<readonly LargeBegun[]> {
    const large: LargeBegun[] = []
    for (let at = 0; at < wanted.length;) {
      const accounts = wanted.slice(at, at + STORAGES_AT_ONCE_MAX)
      const stretch = { root: pivot.root, origin: LOWEST, limit: HIGHEST }
      const { answer, peer } = await this.ask(pivot, (one, signal) =>
        this.#deps.peers.slots(one, { ...stretch, accounts }, signal)
      )
      const { storages, hasMore } = answer
      let slots = 0
      for (const [index, storage] of storages.entries()) {
        const addressHash = accounts[index]!.hash
        if (hasMore && index === storages.length - 1) {
          large.push({ addressHash, first: storage })
        } else {
          await this.#fetched.putStorage(addressHash, storage)
        }
        slots += storage.slots.length
      }
      at += storages.length
      this.note({ slots }, { peer, bytes: slotBytes(storages) })
    }
    return large
  }

  async codes(pivot: Pivot, hashes: readonly Uint8Array[]): Promise<void> {
    let left = hashes.filter((hash) => !this.#fetched.hasCode(hash))
    while (left.length > 0) {
      const { answer, peer } = await this.ask(pivot, async (one, signal) => {
        const codes = await this.#deps.peers.codes(one, left.slice(0, CODES_AT_ONCE_MAX), signal)
        if (codes.length === 0) throw new Error('served none of the codes')
        return codes
      })
      await this.#fetched.putCodes(answer)
      this.note({ codes: answer.length }, { peer, bytes: sizeOf(answer) })
      left = left.filter((hash) => !this.#fetched.hasCode(hash))
    }
  }

  async nodes(
    pivot: Pivot,
    owner: TrieOwner,
    wanted: readonly WantedNode[]
  ): Promise<readonly Uint8Array[]> {
    const found: (Uint8Array | undefined)[] = wanted.map(() => undefined)
    for (;;) {
      const left = found.flatMap((node, index) => (node === undefined ? [index] : []))
      if (left.length === 0) return found as Uint8Array[]
      const account = owner ?? ACCOUNT_TRIE
      const asked = left.map((index) => ({ account, ...wanted[index]! }))
      const { answer, peer } = await this.ask(pivot, async (one, signal) => {
        const nodes = await this.#deps.peers.nodes(one, pivot.root, asked, signal)
        if (nodes.every((node) => node === undefined)) throw new Error('served none of the nodes')
        return nodes
      })
      let bytes = 0
      for (const [at, node] of answer.entries()) {
        if (node === undefined) continue
        found[left[at]!] = node
        bytes += node.length
      }
      this.note({ nodes: answer.filter((node) => node !== undefined).length }, { peer, bytes })
    }
  }

  /** One piece, of whichever peer does it. Throws PivotGone when none does. */
  async ask<T>(
    pivot: Pivot,
    ask: (peer: string, signal: AbortSignal) => Promise<T>
  ): Promise<{ readonly answer: T; readonly peer: string }> {
    let answer: { readonly of: T } | undefined
    const leaving = this.#leavingOf(pivot)
    const signal = AbortSignal.any([this.#signal, leaving.stop.signal])
    const attempt = async (peer: string, inner: AbortSignal): Promise<AttemptResult> => {
      try {
        const of = await ask(peer, inner)
        if (!inner.aborted) answer = { of }
        return { kind: 'done' }
      } catch (error) {
        if (isUnavailable(error)) this.#leave(leaving)
        return { kind: 'failed', error, hasPart: false }
      }
    }
    const job = { peers: this.#deps.serving, attempt }
    const outcome = await this.#deps.pool.fetch(job, signal).catch((thrown: unknown) => {
      if (this.#signal.aborted || !leaving.stop.signal.aborted) throw thrown
      throw new PivotGone(pivot, 'a peer has not its state, and others are silent', false)
    })
    if (outcome.kind === 'unserved' || answer === undefined) {
      const reason = outcome.kind === 'unserved' ? errorMessage(outcome.error) : 'no answer came'
      throw new PivotGone(pivot, reason, true)
    }
    return { answer: answer.of, peer: outcome.peer }
  }

  /** There is no newer pivot: all peers are waited for, as long as their deadlines are. */
  stayAt(pivot: Pivot): void {
    this.#leaving = { pivot, stop: new AbortController(), isBegun: true }
  }

  #leavingOf(pivot: Pivot): Leaving {
    if (this.#leaving?.pivot === pivot) return this.#leaving
    const leaving = { pivot, stop: new AbortController(), isBegun: false }
    this.#leaving = leaving
    return leaving
  }

  #leave(leaving: Leaving): void {
    if (leaving.isBegun) return
    leaving.isBegun = true
    this.#deps.clock
      .sleep(LEAVE_AFTER_MS, this.#signal)
      .then(() => {
        leaving.stop.abort(new Error('the pivot is left'))
      })
      .catch(() => undefined) // the fetching ended meanwhile
  }

  note(
    counts: Partial<Omit<StateProgress, 'accountsShare' | 'share' | 'bytes'>>,
    from: { readonly peer: string; readonly bytes: number }
  ): void {
    const done = this.#done
    done.accounts += counts.accounts ?? 0
    done.slots += counts.slots ?? 0
    done.codes += counts.codes ?? 0
    done.nodes += counts.nodes ?? 0
    done.bytes += from.bytes
    const { checkpoint } = this.#fetched
    const accountsShare = shareOf(checkpoint.accounts)
    this.#deps.onProgress({ ...done, accountsShare, share: shareFetched(checkpoint) }, from)
  }
}

/** Bytes in all. */
export function sizeOf(items: readonly Uint8Array[]): number {
  return items.reduce((sum, { length }) => sum + length, 0)
}

/** A hash goes with each value. */
export function slotBytes(storages: readonly ProvenSlots[]): number {
  return storages.reduce(
    (sum, { slots }) => sum + 32 * slots.length + sizeOf(slots.map(({ value }) => value)),
    0
  )
}

function isUnavailable(thrown: unknown): boolean {
  return thrown instanceof RequestError && thrown.failure.code === 'unavailable'
}
