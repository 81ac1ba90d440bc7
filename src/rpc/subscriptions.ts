// Subscriptions of one connection: each reads the chain's events from its own place, one notification under way at a time.
import { type TurnTask } from './turns.ts'
import { type AnswerBuffer } from './answer-buffer.ts'
import { ByteLedger, type ByteLease } from './byte-ledger.ts'
import { type ChainFeed } from './chain-feed.ts'
import { newEventId } from './event-ids.ts'
import {
  blockOfEvent,
  type EventSources,
  logsOfEvent,
  transactionOfEvent
} from './event-results.ts'
import { type EventPlace } from './event-ring.ts'
import { type FilterSubject } from './filters.ts'
import { formatHead } from './format.ts'
import { encodeJson } from './json-encode.ts'
import { type Subscriber } from './json-rpc.ts'
import { criteriaBytes } from './log-criteria.ts'
import { RPC_CODES, RpcError } from './rpc-error.ts'

/** Subscriptions of one connection. */
export const SUBSCRIPTIONS_MAX = 128
/** Bytes that all subscriptions together may take, a few of each connection not counted: who has the most is cut off. */
const SUBSCRIPTIONS_MAX_BYTES = 4 * 2 ** 20
const SUBSCRIPTIONS_FREE_BYTES = 8 * 1024

/** What subscriptions of all connections read from, and share. */
export interface SubscriptionSources extends EventSources {
  readonly feed: ChainFeed
}

/** How a connection is sent to. */
export interface NotifyChannel {
  readonly signal: AbortSignal
  /** Turns of the connection; left when the work is done. */
  enterTurns(): TurnTask
  /** Makes a notification and sends it; resolves once the system has it. Rejects when the connection has to end. */
  notify(write: (answer: AnswerBuffer) => Promise<void>): Promise<void>
  /** Ends the connection: what it follows cannot be told in full. */
  cut(reason: string): void
}

/** A connection's subscriptions, with what its server does around them. */
export interface Subscriptions extends Subscriber {
  readonly count: number
  /** Those that were added are told of events from now on: their ids have been sent. */
  start(): void
  /** The connection has gone. */
  end(): void
}

interface Subscription {
  readonly id: string
  readonly subject: FilterSubject
  place: EventPlace
  isStarted: boolean
}

/** Opens the subscriptions of connections; what they hold together is bounded. */
export class SubscriptionHub {
  readonly #sources: SubscriptionSources
  readonly #bytes = new ByteLedger({
    totalMaxBytes: SUBSCRIPTIONS_MAX_BYTES,
    freeBytes: SUBSCRIPTIONS_FREE_BYTES
  })

  constructor(sources: SubscriptionSources) {
    this.#sources = sources
  }

  /** Those of one connection, none as yet. */
  open(channel: NotifyChannel): Subscriptions {
    const lease = this.#bytes.lease(() => channel.cut('too many subscriptions at once'))
    return new ConnectionSubscriptions(this.#sources, channel, lease)
  }
}

class ConnectionSubscriptions implements Subscriptions {
  readonly #sources: SubscriptionSources
  readonly #channel: NotifyChannel
  readonly #lease: ByteLease
  readonly #byId = new Map<string, Subscription>()
  readonly #stop: () => void
  #isTelling = false

  constructor(sources: SubscriptionSources, channel: NotifyChannel, lease: ByteLease) {
    this.#sources = sources
    this.#channel = channel
    this.#lease = lease
    this.#stop = sources.feed.onEvent(() => this.#wake())
  }

  get count(): number {
    return this.#byId.size
  }

  add(subject: FilterSubject): string {
    if (this.#byId.size >= SUBSCRIPTIONS_MAX) {
      throw limitExceeded(`${String(SUBSCRIPTIONS_MAX)} subscriptions of one connection`)
    }
    if (!this.#lease.grow(bytesOf(subject))) {
      throw limitExceeded('the subscriptions of all connections hold too much')
    }
    const id = newEventId()
    this.#byId.set(id, { id, subject, place: this.#eventsOf(subject).end, isStarted: false })
    return id
  }

  remove(id: string): boolean {
    const subscription = this.#byId.get(id)
    if (subscription !== undefined) this.#lease.shrink(bytesOf(subscription.subject))
    return this.#byId.delete(id)
  }

  start(): void {
    for (const subscription of this.#byId.values()) subscription.isStarted = true
    this.#wake()
  }

  end(): void {
    this.#stop()
    this.#byId.clear()
    this.#lease.release()
  }

  #eventsOf({ kind }: FilterSubject) {
    const { heads, transactions } = this.#sources.feed
    return kind === 'transactions' ? transactions : heads
  }

  /** Called by who sets the head: it must cost nothing where there is nobody to tell. */
  #wake(): void {
    if (this.#isTelling || this.#byId.size === 0) return
    this.#isTelling = true
    this.#tellAll().catch((thrown: unknown) => {
      const { signal } = this.#channel
      if (!signal.aborted) this.#channel.cut(thrown instanceof Error ? thrown.message : 'failed')
    })
  }

  async #tellAll(): Promise<void> {
    const turns = this.#channel.enterTurns()
    try {
      for (let due = this.#due(); due !== undefined; due = this.#due()) {
        await turns.maybeYield()
        await this.#tellNext(due, turns)
        // To the end of the line, so that none waits for all events of another.
        if (this.#byId.delete(due.id)) this.#byId.set(due.id, due)
      }
    } finally {
      turns.leave()
      this.#isTelling = false
    }
  }

  #due(): Subscription | undefined {
    for (const subscription of this.#byId.values()) {
      const { place, isStarted, subject } = subscription
      if (isStarted && place < this.#eventsOf(subject).end) return subscription
    }
    return undefined
  }

  /** One event of one subscription. Throws where events were lost, or cannot be told. */
  async #tellNext(subscription: Subscription, turns: TurnTask): Promise<void> {
    const { subject, place, id } = subscription
    const { heads, transactions } = this.#sources.feed
    subscription.place += 1
    if (subject.kind === 'transactions') {
      const hash = transactions.at(place)
      if (hash === undefined) throw tooSlow()
      const result = subject.isFull ? transactionOfEvent(this.#sources, hash) : hash
      if (result !== undefined) await this.#send(id, result, turns)
      return
    }
    const event = heads.at(place)
    if (event === undefined) throw tooSlow()
    if (subject.kind === 'blocks') {
      if (event.kind === 'removed') return
      await this.#send(id, formatHead(blockOfEvent(this.#sources, event)), turns)
      return
    }
    for await (const log of logsOfEvent(this.#sources, event, subject.criteria, turns)) {
      if (!this.#byId.has(id)) return
      await this.#send(id, log, turns)
    }
  }

  async #send(id: string, result: unknown, turns: TurnTask): Promise<void> {
    await this.#channel.notify(async (answer) => {
      const start = '{"jsonrpc":"2.0","method":"eth_subscription","params":'
      answer.write(`${start}{"subscription":"${id}","result":`)
      await encodeJson(result, answer, turns)
      answer.write('}}')
      answer.check()
      turns.leave()
    })
  }
}

function tooSlow(): Error {
  return new Error('the subscriber is too slow')
}

function bytesOf(subject: FilterSubject): number {
  return criteriaBytes(subject.kind === 'logs' ? subject.criteria : {})
}

function limitExceeded(message: string): RpcError {
  return new RpcError(RPC_CODES.limitExceeded, `limit exceeded: ${message}: unsubscribe from some`)
}
