// What filters and subscriptions follow: blocks that became the head, or stopped being in its chain, and transactions taken.
import { type Hex } from '../base/bytes.ts'
import { EventRing } from './event-ring.ts'

/** A block that became the head, or that another branch took out of the head's chain. */
export interface HeadEvent {
  readonly kind: 'added' | 'removed'
  readonly number: bigint
  readonly hash: Hex
}

/** Of a block, what the feed goes by. */
export interface FeedBlock {
  readonly number: bigint
  readonly hash: Hex
  readonly parentHash: Hex
}

/** Heads kept: those of five minutes, after which a filter ends, with four blocks a second and some to spare. */
export const HEADS_KEPT_MAX = 2_048
/** Hashes of transactions kept. A filter that is asked later than that has the newest of them. */
export const TRANSACTIONS_KEPT_MAX = 16_384

/** Takes events at once and without work, since the thread that sets a head waits for it; readers come by themselves. */
export class ChainFeed {
  readonly heads = new EventRing<HeadEvent>(HEADS_KEPT_MAX)
  readonly transactions = new EventRing<Hex>(TRANSACTIONS_KEPT_MAX)
  readonly #listeners = new Set<() => void>()
  #isDue = false
  /** The head's chain as it was told, the head last. */
  #chain: { readonly number: bigint; readonly hash: Hex }[] = []

  /**
   * A new head. Where it does not follow the last one, those blocks are taken back, the newest first, that are not in
   * its chain; branches are told block by block, each after its parent.
   */
  addHead({ number, hash, parentHash }: FeedBlock): void {
    const chain = this.#chain
    for (let last = chain.at(-1); last && last.hash !== parentHash; last = chain.at(-1)) {
      chain.pop()
      this.heads.push({ kind: 'removed', ...last })
    }
    chain.push({ number, hash })
    if (chain.length > HEADS_KEPT_MAX) chain.shift()
    this.heads.push({ kind: 'added', number, hash })
    this.#tell()
  }

  /** A transaction that the pool took and that can run. */
  addTransaction(hash: Hex): void {
    this.transactions.push(hash)
    this.#tell()
  }

  /** Calls back soon after events, once for all of a turn of the loop, until the returned function is called. */
  onEvent(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #tell(): void {
    if (this.#isDue || this.#listeners.size === 0) return
    this.#isDue = true
    setImmediate(() => {
      this.#isDue = false
      for (const listener of this.#listeners) listener()
    })
  }
}
