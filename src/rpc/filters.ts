// Filters that clients poll: each is a place in the chain's events. Those that nobody asks end, and all together are bounded.
import { type Hex } from '../base/bytes.ts'
import { type Clock } from '../base/clock.ts'
import { ByteLedger, type ByteLease } from './byte-ledger.ts'
import { type ChainFeed } from './chain-feed.ts'
import { newEventId } from './event-ids.ts'
import { type EventPlace } from './event-ring.ts'
import { criteriaBytes } from './log-criteria.ts'
import { type LogFilterParam } from './params.ts'
import { RPC_CODES, RpcError, serverError } from './rpc-error.ts'

/** Without a poll a filter ends after so long; geth's. */
export const FILTER_LIFETIME_MS = 5 * 60_000
/** Filters of all clients. */
export const FILTERS_MAX = 1_024
/** Filters of one client that is not this machine. */
export const FILTERS_PER_CLIENT_MAX = 128
/** Bytes that the criteria of all filters may take, small ones not counted: the largest gives way. */
const CRITERIA_MAX_BYTES = 4 * 2 ** 20
const CRITERIA_FREE_BYTES = 2_048

/** What a filter is on. */
export type FilterSubject =
  | { readonly kind: 'blocks' }
  | { readonly kind: 'transactions'; readonly isFull: boolean }
  | { readonly kind: 'logs'; readonly criteria: LogFilterParam }

/** Where a filter's next poll begins. */
export interface FilterCursor {
  place: EventPlace
  /** Of the logs of the event there, so many were answered. */
  skip: number
}

/** A filter that is in use. */
export interface Filter {
  readonly subject: FilterSubject
  readonly cursor: FilterCursor
}

interface Entry extends Filter {
  readonly client: string
  readonly lease: ByteLease
  polledMs: number
}

/** All filters of a node, the one that was polled the longest ago first. */
export class Filters {
  readonly #feed: ChainFeed
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #criteria = new ByteLedger({
    totalMaxBytes: CRITERIA_MAX_BYTES,
    freeBytes: CRITERIA_FREE_BYTES
  })
  readonly #byId = new Map<Hex, Entry>()

  constructor(feed: ChainFeed, clock: Pick<Clock, 'monotonicMs'>) {
    this.#feed = feed
    this.#clock = clock
  }

  /** Filters that have not ended. */
  get count(): number {
    this.#endOld()
    return this.#byId.size
  }

  /** Its id. `client` is empty for this machine, whose programs share an address. Throws where the client has too many. */
  add(subject: FilterSubject, client: string): Hex {
    this.#endOld()
    this.#makeRoom(client)
    const id = newEventId()
    const lease = this.#criteria.lease(() => this.#byId.delete(id))
    const isRoom = lease.grow(criteriaBytes(subject.kind === 'logs' ? subject.criteria : {}))
    if (!isRoom) {
      lease.release()
      throw limitExceeded('the filters of all clients hold too many addresses and topics')
    }
    const { heads, transactions } = this.#feed
    const place = subject.kind === 'transactions' ? transactions.end : heads.end
    const polledMs = this.#clock.monotonicMs()
    this.#byId.set(id, { subject, client, lease, cursor: { place, skip: 0 }, polledMs })
    return id
  }

  /** A poll: the filter lives on from now. Throws geth's error where there is none. */
  poll(id: string): Filter {
    const filter = this.find(id)
    const entry = this.#byId.get(id as Hex)
    if (entry === undefined) return filter
    entry.polledMs = this.#clock.monotonicMs()
    this.#byId.delete(id as Hex)
    this.#byId.set(id as Hex, entry)
    return filter
  }

  /** A look that is no poll. Throws geth's error where there is none. */
  find(id: string): Filter {
    this.#endOld()
    const filter = this.#byId.get(id as Hex)
    if (filter === undefined) throw filterNotFound()
    return filter
  }

  /** False where there is none. */
  remove(id: string): boolean {
    this.#endOld()
    const entry = this.#byId.get(id as Hex)
    entry?.lease.release()
    return this.#byId.delete(id as Hex)
  }

  #endOld(): void {
    const oldestMs = this.#clock.monotonicMs() - FILTER_LIFETIME_MS
    for (const [id, { polledMs }] of this.#byId) {
      if (polledMs > oldestMs) return
      this.#end(id)
    }
  }

  /** In a full house the client with the most loses the filter that it polled the longest ago. */
  #makeRoom(client: string): void {
    const counts = new Map<string, number>()
    for (const { client: one } of this.#byId.values()) counts.set(one, (counts.get(one) ?? 0) + 1)
    if (client !== '' && (counts.get(client) ?? 0) >= FILTERS_PER_CLIENT_MAX) {
      throw limitExceeded(`${String(FILTERS_PER_CLIENT_MAX)} filters of one client: uninstall some`)
    }
    if (this.#byId.size < FILTERS_MAX) return
    const [most] = [...counts].reduce((one, other) => (other[1] > one[1] ? other : one))
    const oldest = [...this.#byId].find(([, entry]) => entry.client === most)
    if (oldest !== undefined) this.#end(oldest[0])
  }

  #end(id: Hex): void {
    this.#byId.get(id)?.lease.release()
    this.#byId.delete(id)
  }
}

function limitExceeded(message: string): RpcError {
  return new RpcError(RPC_CODES.limitExceeded, `limit exceeded: ${message}`)
}

/** geth's words (eth/filters, errFilterNotFound), by which clients know that they have to make a new one. */
export function filterNotFound(): RpcError {
  return serverError('filter not found')
}
