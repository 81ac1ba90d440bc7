// The transaction pool: what can run apart from what waits for a nonce, each bounded by sender and in all, as geth's.
import { type Common } from '@ethereumjs/common'
import { hexToBytes, type Hex } from '../base/bytes.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { keccak256 } from '../base/keccak.ts'
import { LruMap } from '../base/lru.ts'
import { type Account } from '../state/state-view.ts'
import {
  assertAdmissible,
  assertAffordable,
  assertDelegatedOrder,
  assertPaysMore,
  type HeadLimits,
  PoolError
} from './pool-admission.ts'
import { findQueuedRoom, findRunnableRoom } from './pool-eviction.ts'
import { POOL_LIMITS, type PoolLimits } from './pool-limits.ts'
import { byPrice, type PriceOrder } from './price-order.ts'
import { firstMissingNonce, SenderQueue, slotsOf } from './sender-queue.ts'
import { type PreparedTx, prepareTransaction } from './transaction.ts'

/** Transactions remembered that no block could hold. */
const REFUSED_MAX = 1_024
/** Senders looked at with each head that sent nothing in it. */
const REVIEWED_PER_HEAD = 128

/** The state the pool judges by: the head's. */
export interface PoolHead extends HeadLimits {
  account(addressHash: Uint8Array): Account | undefined
}

/** Dependencies of the pool. */
export interface PoolDeps {
  readonly common: Common
  readonly head: () => PoolHead | undefined
  readonly clock?: Pick<Clock, 'monotonicMs'>
}

/** Transactions that wait for a block. */
export class TransactionPool {
  readonly #common: Common
  readonly #head: () => PoolHead | undefined
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #limits: PoolLimits
  readonly #senders = new Map<Hex, SenderQueue>()
  /** When each sender with queued transactions was last heard of, the oldest first. */
  readonly #queuedSince = new Map<Hex, number>()
  readonly #byHash = new Map<Hex, PreparedTx>()
  readonly #refused = new LruMap<Hex, PoolError>(REFUSED_MAX)
  readonly #listeners = new Set<(tx: PreparedTx) => void>()
  #runnable = { count: 0, slots: 0 }
  #queued = { count: 0, slots: 0 }

  constructor({ common, head, clock = systemClock }: PoolDeps, limits: PoolLimits = POOL_LIMITS) {
    this.#common = common
    this.#head = head
    this.#clock = clock
    this.#limits = limits
  }

  /** Takes a raw transaction. Throws PoolError and TransactionError. */
  add(raw: Uint8Array): PreparedTx {
    const { transactionMaxBytes: maxBytes } = this.#limits
    if (raw.length > maxBytes) {
      throw new PoolError({ code: 'transaction-too-large', sizeBytes: raw.length, maxBytes })
    }
    const prepared = prepareTransaction(raw, this.#common)
    const { hash, senderHex, tx } = prepared
    if (this.#byHash.has(hash)) throw new PoolError({ code: 'already-known', hash })
    const refusal = this.#refused.get(hash)
    if (refusal !== undefined) throw refusal
    this.#expire()
    const head = this.#head()
    const account = this.#account(senderHex)
    assertAdmissible(prepared, account, head)
    const held = this.#senders.get(senderHex)
    const known = held?.isBehind(account) === true ? this.#review(senderHex) : held
    const queue = known ?? new SenderQueue(account)
    assertDelegatedOrder(prepared, account, queue.runnable.count)
    assertAffordable(prepared, account, queue)
    const replaced = queue.byNonce.get(tx.nonce)
    if (replaced !== undefined) assertPaysMore(prepared, replaced)
    const isRunnable = tx.nonce <= queue.end
    if (isRunnable) this.#makeRunnableRoom(queue, prepared, head?.baseFee ?? 0n)
    else this.#makeQueuedRoom(queue, prepared)
    this.#senders.set(senderHex, queue)
    if (replaced !== undefined) this.#byHash.delete(replaced.hash)
    this.#byHash.set(hash, prepared)
    this.#change(senderHex, queue, () => queue.put(prepared))
    this.#noteHeard(senderHex, queue)
    this.#trim(senderHex, queue)
    if (isRunnable) for (const listener of this.#listeners) listener(prepared)
    return prepared
  }

  get(hash: Hex): PreparedTx | undefined {
    return this.#byHash.get(hash)
  }

  /** The nonce after the last of the sender's that no other nonce is missing before. */
  pendingNonce(sender: Hex): bigint {
    const queue = this.#senders.get(sender)
    const { nonce } = this.#account(sender)
    return queue === undefined ? nonce : firstMissingNonce(queue.byNonce, nonce)
  }

  /** Those that can run, and those that wait for a nonce, or for what pays them, before that. */
  counts(): { readonly pending: number; readonly queued: number } {
    return { pending: this.#runnable.count, queued: this.#queued.count }
  }

  /** Every sender with what it has here; bounded by POOL_LIMITS. */
  content(): readonly ({ readonly sender: Hex } & ReturnType<SenderQueue['content']>)[] {
    return [...this.#senders.keys()].map((sender) => this.contentFrom(sender))
  }

  /** What one sender has here, which may be nothing. */
  contentFrom(sender: Hex): { readonly sender: Hex } & ReturnType<SenderQueue['content']> {
    const content = this.#senders.get(sender)?.content()
    return { sender, pending: [], queued: [], ...content }
  }

  /** The executable transactions that pay the base fee, best tip first, each sender's in nonce order. */
  byPrice(baseFee: bigint): PriceOrder {
    const queues = [...this.#senders.values()].map(({ byNonce, nonce }) => ({ byNonce, nonce }))
    return byPrice(queues, baseFee)
  }

  /** Calls back for each transaction taken that can run, until the returned function is called. */
  onAdded(listener: (tx: PreparedTx) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * A new head: its transactions leave, and those of their senders that cannot run any more. Accounts that
   * delegate (EIP-7702) change without sending, so some of the others are looked at too, in turn.
   */
  headMoved(senders: Iterable<Hex>): void {
    this.#expire()
    for (const sender of senders) this.#review(sender)
    for (const sender of [...take(this.#senders.keys(), REVIEWED_PER_HEAD)]) {
      const queue = this.#review(sender)
      if (queue === undefined) continue
      this.#senders.delete(sender) // to the end of the line
      this.#senders.set(sender, queue)
    }
  }

  /** Takes one out that turned out not to run; those of its sender after it wait for its nonce then. */
  drop({ hash, senderHex, tx }: PreparedTx): void {
    const prepared = this.#byHash.get(hash)
    const queue = this.#senders.get(senderHex)
    if (prepared === undefined || queue === undefined) return
    this.#remove(senderHex, queue, tx.nonce)
    this.#trim(senderHex, queue)
  }

  /** Takes one out for good. When it comes again, it is refused with the reason. */
  refuse(prepared: PreparedTx, refusal: PoolError): void {
    this.#refused.set(prepared.hash, refusal)
    this.drop(prepared)
  }

  #account(sender: Hex): Account {
    const account = this.#head()?.account(keccak256(hexToBytes(sender)))
    return account ?? { nonce: 0n, balance: 0n, codeHash: undefined }
  }

  /** Takes out what cannot run on the head; the queue, unless nothing is left of it. */
  #review(sender: Hex): SenderQueue | undefined {
    const queue = this.#senders.get(sender)
    if (queue === undefined) return undefined
    const runnableBefore = queue.runnable.count
    const account = this.#account(sender)
    this.#change(sender, queue, () => {
      for (const { hash } of queue.review(account)) this.#byHash.delete(hash)
    })
    if (queue.runnable.count > runnableBefore) this.#noteHeard(sender, queue)
    this.#trim(sender, queue)
    return queue.byNonce.size > 0 ? queue : undefined
  }

  /** Makes room for one that can run, and for those that wait for it alone. Throws PoolError. */
  #makeRunnableRoom(queue: SenderQueue, prepared: PreparedTx, baseFee: bigint): void {
    const { runnableSlotsMax, senderRunnableSlots } = this.#limits
    const isInPlace = prepared.tx.nonce < queue.end
    const replaced = isInPlace ? queue.byNonce.get(prepared.tx.nonce) : undefined
    const added = slotsOf(prepared) - (replaced === undefined ? 0 : slotsOf(replaced))
    const slots = this.#runnable.slots + added - runnableSlotsMax
    if (slots <= 0) return
    const ownSlots = queue.runnable.slots + added
    const wanted = { slots, baseFee, senderSlots: senderRunnableSlots, ownSlots }
    const evicted = findRunnableRoom(this.#senders, prepared, wanted)
    if (evicted === undefined) {
      throw new PoolError({ code: 'pool-full-underpriced', slotsMax: runnableSlotsMax })
    }
    for (const one of evicted) this.drop(one)
  }

  /** Makes room for one that waits for a nonce: of others that wait alone, never of what can run. Throws PoolError. */
  #makeQueuedRoom(queue: SenderQueue, prepared: PreparedTx): void {
    const { queuedSlotsMax, senderQueuedSlotsMax } = this.#limits
    const replaced = queue.byNonce.get(prepared.tx.nonce)
    const added = slotsOf(prepared) - (replaced === undefined ? 0 : slotsOf(replaced))
    const ownSlots = queue.queued.slots + added
    if (ownSlots > senderQueuedSlotsMax) {
      throw new PoolError({ code: 'sender-queue-full', slotsMax: senderQueuedSlotsMax })
    }
    const { senderHex } = prepared
    while (this.#queued.slots + added > queuedSlotsMax) {
      const own = { senderHex, ownSlots }
      const evicted = findQueuedRoom(this.#senders, this.#queuedSince.keys(), own)
      if (evicted === undefined) {
        throw new PoolError({ code: 'queue-full', slotsMax: queuedSlotsMax })
      }
      this.drop(evicted)
    }
  }

  /** Brings a sender back within the bounds when others of its own have become runnable, or have to wait. */
  #trim(sender: Hex, queue: SenderQueue): void {
    const { runnableSlotsMax, queuedSlotsMax, senderQueuedSlotsMax } = this.#limits
    while (this.#runnable.slots > runnableSlotsMax) {
      const last = queue.lastRunnable()
      if (last === undefined) break
      this.#remove(sender, queue, last.tx.nonce)
    }
    const isTooLong = () =>
      queue.queued.slots > senderQueuedSlotsMax || this.#queued.slots > queuedSlotsMax
    if (!isTooLong()) return
    for (const { tx } of queue.queuedFromLast()) {
      this.#remove(sender, queue, tx.nonce)
      if (!isTooLong()) return
    }
  }

  /** Drops the queued ones of senders that sent nothing for the lifetime of queued ones. */
  #expire(): void {
    const oldestMs = this.#clock.monotonicMs() - this.#limits.queuedLifetimeMs
    for (const [sender, heardMs] of this.#queuedSince) {
      if (heardMs > oldestMs) return
      const queue = this.#senders.get(sender)
      if (queue === undefined) continue
      for (const { tx } of queue.queuedFromLast()) this.#remove(sender, queue, tx.nonce)
    }
  }

  #remove(sender: Hex, queue: SenderQueue, nonce: bigint): void {
    const prepared = queue.byNonce.get(nonce)
    if (prepared === undefined) return
    this.#byHash.delete(prepared.hash)
    this.#change(sender, queue, () => queue.delete(nonce))
  }

  /** Every change of a queue goes through here, so that the totals are those of all queues. */
  #change(sender: Hex, queue: SenderQueue, change: () => void): void {
    const { runnable, queued } = queue
    change()
    this.#runnable = moved(this.#runnable, runnable, queue.runnable)
    this.#queued = moved(this.#queued, queued, queue.queued)
    if (queue.queued.count === 0) this.#queuedSince.delete(sender)
    else if (!this.#queuedSince.has(sender)) this.#noteHeard(sender, queue)
    if (queue.byNonce.size === 0) this.#senders.delete(sender)
  }

  #noteHeard(sender: Hex, queue: SenderQueue): void {
    this.#queuedSince.delete(sender)
    if (queue.queued.count > 0) this.#queuedSince.set(sender, this.#clock.monotonicMs())
  }
}

function moved<T extends { readonly count: number; readonly slots: number }>(
  total: T,
  before: T,
  after: T
) {
  return {
    count: total.count + after.count - before.count,
    slots: total.slots + after.slots - before.slots
  }
}

function* take<T>(items: Iterable<T>, max: number): Generator<T> {
  let count = 0
  for (const item of items) {
    if (count++ >= max) return
    yield item
  }
}
