// The transaction pool: ordered by price, nonces in order, bounded per sender and in all.
import { type Common } from '@ethereumjs/common'
import { hexToBytes, type Hex } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { LruMap } from '../base/lru.ts'
import { type Account } from '../state/state-view.ts'
import { assertAdmissible, assertPaysMore, mostCost, PoolError } from './pool-admission.ts'
import { findEvicted } from './pool-eviction.ts'
import { byPrice, type PriceOrder } from './price-order.ts'
import { firstMissingNonce, type SenderQueue } from './sender-queue.ts'
import { type PreparedTx, prepareTransaction } from './transaction.ts'

/** Bounds of the pool. */
export interface PoolLimits {
  readonly transactionsMax: number
  readonly perSenderMax: number
  /** Of one transaction in its envelope. */
  readonly transactionMaxBytes: number
  readonly totalMaxBytes: number
}

/** geth's bound on one transaction; the others follow from memory. */
export const POOL_LIMITS: PoolLimits = {
  transactionsMax: 20_000,
  perSenderMax: 1_024,
  transactionMaxBytes: 128 * 1024,
  totalMaxBytes: 64 * 2 ** 20
}

/** Transactions remembered that no block could hold. */
const REFUSED_MAX = 1_024
/** Senders looked at with each head that sent nothing in it. */
const REVIEWED_PER_HEAD = 128

/** The state the pool judges by: the head's. */
export interface PoolHead {
  account(addressHash: Uint8Array): Account | undefined
  readonly blockGasLimit: bigint
}

/** Transactions that wait for a block. */
export class TransactionPool {
  readonly #common: Common
  readonly #head: () => PoolHead | undefined
  readonly #limits: PoolLimits
  readonly #senders = new Map<Hex, SenderQueue>()
  readonly #byHash = new Map<Hex, PreparedTx>()
  readonly #refused = new LruMap<Hex, PoolError>(REFUSED_MAX)
  readonly #listeners = new Set<(tx: PreparedTx) => void>()
  #bytes = 0

  constructor(
    { common, head }: { common: Common; head: () => PoolHead | undefined },
    limits: PoolLimits = POOL_LIMITS
  ) {
    this.#common = common
    this.#head = head
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
    const account = this.#account(senderHex)
    assertAdmissible(prepared, account, this.#head()?.blockGasLimit)
    const queue: SenderQueue = this.#senders.get(senderHex) ?? {
      byNonce: new Map(),
      nonce: account.nonce
    }
    const replaced = queue.byNonce.get(tx.nonce)
    if (replaced !== undefined) assertPaysMore(prepared, replaced)
    queue.nonce = account.nonce
    for (const evicted of this.#makeRoom(queue, prepared, replaced)) this.drop(evicted)
    this.#senders.set(senderHex, queue)
    if (replaced !== undefined) this.#forget(replaced)
    queue.byNonce.set(tx.nonce, prepared)
    this.#byHash.set(hash, prepared)
    this.#bytes += raw.length
    for (const listener of this.#listeners) listener(prepared)
    return prepared
  }

  get(hash: Hex): PreparedTx | undefined {
    return this.#byHash.get(hash)
  }

  /** The nonce after the sender's last executable transaction. */
  pendingNonce(sender: Hex): bigint {
    const queue = this.#senders.get(sender)
    const { nonce } = this.#account(sender)
    return queue === undefined ? nonce : firstMissingNonce(queue, nonce)
  }

  /** Executable ones and those that wait for a nonce before them. */
  counts(): { readonly pending: number; readonly queued: number } {
    let pending = 0
    for (const queue of this.#senders.values()) {
      pending += Number(firstMissingNonce(queue, queue.nonce) - queue.nonce)
    }
    return { pending, queued: this.#byHash.size - pending }
  }

  /** The executable transactions that pay the base fee, best tip first, each sender's in nonce order. */
  byPrice(baseFee: bigint): PriceOrder {
    const queues = [...this.#senders.values()].map(({ byNonce, nonce }) => ({ byNonce, nonce }))
    return byPrice(queues, baseFee)
  }

  /** Calls back for each transaction taken, until the returned function is called. */
  onAdded(listener: (tx: PreparedTx) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * A new head: its transactions leave, and those of their senders that cannot run any more. Accounts that
   * delegate (EIP-7702) change without sending, so some of the others are looked at too, in turn.
   */
  headMoved(senders: Iterable<Hex>): void {
    for (const sender of senders) this.#review(sender)
    for (const sender of [...take(this.#senders.keys(), REVIEWED_PER_HEAD)]) {
      const queue = this.#review(sender)
      if (queue === undefined) continue
      this.#senders.delete(sender) // to the end of the line
      this.#senders.set(sender, queue)
    }
  }

  /** Takes one out that turned out not to run. */
  drop({ hash, senderHex, tx }: PreparedTx): void {
    const prepared = this.#byHash.get(hash)
    const queue = this.#senders.get(senderHex)
    if (prepared === undefined || queue === undefined) return
    queue.byNonce.delete(tx.nonce)
    if (queue.byNonce.size === 0) this.#senders.delete(senderHex)
    this.#forget(prepared)
  }

  /** Takes one out for good: whoever brings it again hears why. */
  refuse(prepared: PreparedTx, refusal: PoolError): void {
    this.#refused.set(prepared.hash, refusal)
    this.drop(prepared)
  }

  /** Takes out what cannot run on the head; the queue, unless nothing is left of it. */
  #review(sender: Hex): SenderQueue | undefined {
    const queue = this.#senders.get(sender)
    if (queue === undefined) return undefined
    const account = this.#account(sender)
    queue.nonce = account.nonce
    for (const [nonce, prepared] of queue.byNonce) {
      if (nonce >= account.nonce && mostCost(prepared.tx) <= account.balance) continue
      queue.byNonce.delete(nonce)
      this.#forget(prepared)
    }
    if (queue.byNonce.size > 0) return queue
    this.#senders.delete(sender)
    return undefined
  }

  /** What has to leave for it: nothing while there is room, and what pays less where there is none. */
  #makeRoom(
    queue: SenderQueue,
    prepared: PreparedTx,
    replaced: PreparedTx | undefined
  ): readonly PreparedTx[] {
    const { perSenderMax, transactionsMax, totalMaxBytes } = this.#limits
    const freedCount = replaced === undefined ? 0 : 1
    if (queue.byNonce.size - freedCount >= perSenderMax) {
      throw new PoolError({ code: 'sender-limit', perSenderMax })
    }
    const count = this.#byHash.size - freedCount + 1 - transactionsMax
    const freedBytes = replaced?.raw.length ?? 0
    const bytes = this.#bytes - freedBytes + prepared.raw.length - totalMaxBytes
    if (count <= 0 && bytes <= 0) return []
    // One that waits for a nonce before it could not run: it displaces nothing that can.
    const canRun = firstMissingNonce(queue, queue.nonce) >= prepared.tx.nonce
    const evicted = canRun ? findEvicted(this.#senders, prepared, { count, bytes }) : undefined
    if (evicted === undefined) throw new PoolError({ code: 'pool-full', transactionsMax })
    return evicted
  }

  #account(sender: Hex): Account {
    const account = this.#head()?.account(keccak256(hexToBytes(sender)))
    return account ?? { nonce: 0n, balance: 0n, codeHash: undefined }
  }

  #forget({ hash, raw }: PreparedTx): void {
    if (this.#byHash.delete(hash)) this.#bytes -= raw.length
  }
}

function* take<T>(items: Iterable<T>, max: number): Generator<T> {
  let count = 0
  for (const item of items) {
    if (count++ >= max) return
    yield item
  }
}
