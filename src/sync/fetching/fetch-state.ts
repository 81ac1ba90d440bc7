// Fetches a whole state in ranges from several peers at once, follows them when they move on, and heals what changed meanwhile.
import { equalBytes } from '../../base/bytes.ts'
import { decodeAccount } from '../../state/account-codec.ts'
import { type FetchedState } from '../../state/fetched-state.ts'
import { hashAfter, segmentEnd, SEGMENTS_COUNT } from '../../state/fetch-checkpoint.ts'
import { EMPTY_ROOT } from '../../trie/node-source.ts'
import { type StateStretch } from '../protocols/state-peers.ts'
import {
  type FetchStateDeps,
  type Pivot,
  PivotGone,
  sizeOf,
  slotBytes,
  StateParts
} from './state-parts.ts'

/** No peer has the state of the pivot (any more), and there is no other block to go on with. */
export class StateUnserved extends Error {}

/**
 * Resolves with the block whose state is there; `fetched` is to be taken then. `choosePivot` is asked at first, and when no peer
 * has the last one's state any more. Throws StateUnserved; what came before stays, for the next try.
 */
export async function fetchWholeState(
  deps: FetchStateDeps,
  fetched: FetchedState,
  choosePivot: () => Promise<Pivot | undefined>,
  signal: AbortSignal
): Promise<Pivot> {
  const first = await choosePivot()
  if (first === undefined) throw new StateUnserved('no block is known whose state could be fetched')
  const stop = new AbortController()
  const inner = AbortSignal.any([signal, stop.signal])
  try {
    return await new StateFetching(deps, fetched, { first, choosePivot }, inner).run()
  } finally {
    stop.abort(new Error('the fetching of a state ended'))
    await deps.pool.idle()
  }
}

class StateFetching {
  readonly #deps: FetchStateDeps
  readonly #fetched: FetchedState
  readonly #choosePivot: () => Promise<Pivot | undefined>
  readonly #signal: AbortSignal
  readonly #parts: StateParts
  #pivot: Pivot
  #moving: Promise<void> | undefined

  constructor(
    deps: FetchStateDeps,
    fetched: FetchedState,
    {
      first,
      choosePivot
    }: { readonly first: Pivot; readonly choosePivot: () => Promise<Pivot | undefined> },
    signal: AbortSignal
  ) {
    this.#deps = deps
    this.#fetched = fetched
    this.#parts = new StateParts(deps, fetched, signal)
    this.#pivot = first
    this.#choosePivot = choosePivot
    this.#signal = signal
  }

  async run(): Promise<Pivot> {
    const { checkpoint } = this.#fetched
    if (!checkpoint.isAssembled) {
      await this.#eachSegment((segment) => this.#fetchAccounts(segment))
      for (const { addressHash } of this.#fetched.checkpoint.large) {
        await this.#eachSegment((segment) => this.#fetchLarge(addressHash, segment))
      }
      await this.#fetched.assemble()
    }
    return this.#withPivot(async (pivot) => {
      await this.#fetched.heal(pivot.root, {
        fetchNodes: (owner, wanted) => this.#parts.nodes(pivot, owner, wanted),
        fetchCodes: (hashes) => this.#parts.codes(pivot, hashes)
      })
      return pivot
    })
  }

  async #eachSegment(work: (segment: number) => Promise<void>): Promise<void> {
    await Promise.all(Array.from({ length: SEGMENTS_COUNT }, (_, segment) => work(segment)))
  }

  /** Does the work with the pivot of now, and once more with each later one. */
  async #withPivot<T>(work: (pivot: Pivot) => Promise<T>): Promise<T> {
    for (;;) {
      this.#signal.throwIfAborted()
      const pivot = this.#pivot
      try {
        return await work(pivot)
      } catch (thrown) {
        if (!(thrown instanceof PivotGone)) throw thrown
        await this.#movePivot(thrown)
      }
    }
  }

  /** Whoever finds first that it is gone chooses the next one. */
  async #movePivot({ pivot, message, isSure }: PivotGone): Promise<void> {
    if (this.#pivot !== pivot) return
    this.#moving ??= this.#choosePivot()
      .then((next) => {
        const isNew = next !== undefined && !equalBytes(next.root, pivot.root)
        if (isNew) this.#pivot = next
        else if (isSure) throw new StateUnserved(message)
        else this.#parts.stayAt(pivot)
      })
      .finally(() => {
        this.#moving = undefined
      })
    await this.#moving
  }

  async #fetchAccounts(segment: number): Promise<void> {
    const limit = segmentEnd(segment)
    for (;;) {
      const origin = this.#fetched.checkpoint.accounts[segment]
      if (origin === undefined) return
      await this.#withPivot(async (pivot) => {
        const { answer, peer } = await this.#parts.ask(pivot, (one, signal) =>
          this.#deps.peers.accounts(one, { root: pivot.root, origin, limit }, signal)
        )
        const { accounts, nodes, hasMore } = answer
        const large = await this.#parts.hanging(pivot, accounts)
        const last = accounts.at(-1)
        const next = hasMore && last !== undefined ? hashAfter(last.hash, segment) : undefined
        await this.#fetched.putAccounts(segment, { accounts, nodes }, { next, large })
        const bytes = 32 * accounts.length + sizeOf(accounts.map(({ body }) => body))
        this.#parts.note({ accounts: accounts.length }, { peer, bytes })
      })
    }
  }

  /** The account may have changed since it came: its root at the pivot of now is what proves its slots. */
  async #fetchLarge(addressHash: Uint8Array, segment: number): Promise<void> {
    const limit = segmentEnd(segment)
    for (;;) {
      const origin = this.#leftOf(addressHash, segment)
      if (origin === undefined) return
      await this.#withPivot(async (pivot) => {
        const storageRoot = await this.#storageRootAt(pivot, addressHash)
        if (equalBytes(storageRoot, EMPTY_ROOT)) {
          const none = { slots: [], nodes: [], next: undefined }
          await this.#fetched.putLargeSlots(addressHash, segment, none)
          return
        }
        const accounts = [{ hash: addressHash, storageRoot }]
        const wanted = { root: pivot.root, origin, limit, accounts }
        const { answer, peer } = await this.#parts.ask(pivot, (one, signal) =>
          this.#deps.peers.slots(one, wanted, signal)
        )
        const { storages, hasMore } = answer
        const { slots, nodes } = storages[0]!
        const last = slots.at(-1)
        const next = hasMore && last !== undefined ? hashAfter(last.hash, segment) : undefined
        await this.#fetched.putLargeSlots(addressHash, segment, { slots, nodes, next })
        this.#parts.note({ slots: slots.length }, { peer, bytes: slotBytes(storages) })
      })
    }
  }

  #leftOf(addressHash: Uint8Array, segment: number): Uint8Array | undefined {
    const { large } = this.#fetched.checkpoint
    return large.find((one) => equalBytes(one.addressHash, addressHash))?.left[segment]
  }

  async #storageRootAt(pivot: Pivot, addressHash: Uint8Array): Promise<Uint8Array> {
    const stretch: StateStretch = { root: pivot.root, origin: addressHash, limit: addressHash }
    const { answer } = await this.#parts.ask(pivot, (one, signal) =>
      this.#deps.peers.accounts(one, stretch, signal)
    )
    const account = answer.accounts[0]
    return account === undefined ? EMPTY_ROOT : decodeAccount(account.body).storageRoot
  }
}
