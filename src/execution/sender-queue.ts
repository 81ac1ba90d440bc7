// One sender's transactions in the pool, by nonce: those that can run one after the other, and those that wait.
import { type Account } from '../state/state-view.ts'
import { mostCost } from './pool-admission.ts'
import { type PreparedTx } from './transaction.ts'

/** Bytes of one slot; a transaction takes as many as its envelope fills, at least one. */
const SLOT_BYTES = 8 * 1024

/** Slots that a transaction takes. */
export function slotsOf({ raw }: Pick<PreparedTx, 'raw'>): number {
  return Math.ceil(raw.length / SLOT_BYTES)
}

/** How many transactions, and the slots that they take. */
interface Share {
  readonly count: number
  readonly slots: number
}

const NOTHING: Share = { count: 0, slots: 0 }

/**
 * Runnable are those from the account's nonce on without a gap that its balance pays for together; all others are
 * queued. What is runnable is known at any time without looking through the queue.
 */
export class SenderQueue {
  readonly #byNonce = new Map<bigint, PreparedTx>()
  #nonce: bigint
  #balance: bigint
  #end: bigint
  /** Wei that the runnable ones may cost together. */
  #cost = 0n
  #runnable = NOTHING
  #all = NOTHING

  constructor({ nonce, balance }: Pick<Account, 'nonce' | 'balance'>) {
    this.#nonce = nonce
    this.#balance = balance
    this.#end = nonce
  }

  get byNonce(): ReadonlyMap<bigint, PreparedTx> {
    return this.#byNonce
  }

  /** The account's nonce when it was last looked at. */
  get nonce(): bigint {
    return this.#nonce
  }

  /** The nonce after the last runnable one. */
  get end(): bigint {
    return this.#end
  }

  get runnable(): Share {
    return this.#runnable
  }

  get queued(): Share {
    const { count, slots } = this.#runnable
    return { count: this.#all.count - count, slots: this.#all.slots - slots }
  }

  /** Wei that those before and after this nonce may cost, of the runnable ones. */
  costBeside(nonce: bigint): bigint {
    const own = nonce < this.#end ? this.#byNonce.get(nonce) : undefined
    return this.#cost - (own === undefined ? 0n : mostCost(own.tx))
  }

  /** Puts one in, in place of what had its nonce. */
  put(prepared: PreparedTx): void {
    const { nonce } = prepared.tx
    this.#count(this.#byNonce.get(nonce), -1)
    this.#byNonce.set(nonce, prepared)
    this.#count(prepared, 1)
    if (nonce < this.#end) this.#restart()
    this.#extend()
  }

  /** Takes one out; runnable ones after it are queued then. */
  delete(nonce: bigint): void {
    const prepared = this.#byNonce.get(nonce)
    if (prepared === undefined) return
    this.#byNonce.delete(nonce)
    this.#count(prepared, -1)
    if (nonce === this.#end - 1n) this.#shorten(prepared)
    else if (nonce < this.#end) this.#restart()
    this.#extend()
  }

  /** True when the account is another than it was when it was last looked at. */
  isBehind({ nonce, balance }: Pick<Account, 'nonce' | 'balance'>): boolean {
    return nonce !== this.#nonce || balance !== this.#balance
  }

  /** Judges by the account as it is now, and gives those that cannot run any more, which are out then. */
  review({ nonce, balance }: Pick<Account, 'nonce' | 'balance'>): readonly PreparedTx[] {
    const lost = [...this.#byNonce.values()].filter(
      ({ tx }) => tx.nonce < nonce || mostCost(tx) > balance
    )
    for (const prepared of lost) {
      this.#byNonce.delete(prepared.tx.nonce)
      this.#count(prepared, -1)
    }
    this.#nonce = nonce
    this.#balance = balance
    this.#restart()
    this.#extend()
    return lost
  }

  /** The runnable one of the highest nonce. */
  lastRunnable(): PreparedTx | undefined {
    return this.#end === this.#nonce ? undefined : this.#byNonce.get(this.#end - 1n)
  }

  /** All of them in the order of nonces, apart by whether they can run. */
  content(): { readonly pending: readonly PreparedTx[]; readonly queued: readonly PreparedTx[] } {
    const all = [...this.#byNonce.values()].sort((one, other) =>
      one.tx.nonce < other.tx.nonce ? -1 : 1
    )
    const { count } = this.#runnable
    return { pending: all.slice(0, count), queued: all.slice(count) }
  }

  /** The queued ones, the highest nonce first. */
  queuedFromLast(): readonly PreparedTx[] {
    const queued = [...this.#byNonce.values()].filter(({ tx }) => tx.nonce >= this.#end)
    return queued.sort((one, other) => (one.tx.nonce < other.tx.nonce ? 1 : -1))
  }

  #restart(): void {
    this.#end = this.#nonce
    this.#cost = 0n
    this.#runnable = NOTHING
  }

  /** Undoes the last step of #extend. */
  #shorten(last: PreparedTx): void {
    this.#end -= 1n
    this.#cost -= mostCost(last.tx)
    const { count, slots } = this.#runnable
    this.#runnable = { count: count - 1, slots: slots - slotsOf(last) }
  }

  #extend(): void {
    for (;;) {
      const next = this.#byNonce.get(this.#end)
      const cost = next === undefined ? 0n : this.#cost + mostCost(next.tx)
      if (next === undefined || cost > this.#balance) return
      this.#end += 1n
      this.#cost = cost
      const { count, slots } = this.#runnable
      this.#runnable = { count: count + 1, slots: slots + slotsOf(next) }
    }
  }

  #count(prepared: PreparedTx | undefined, sign: 1 | -1): void {
    if (prepared === undefined) return
    const { count, slots } = this.#all
    this.#all = { count: count + sign, slots: slots + sign * slotsOf(prepared) }
  }
}

/** The first nonce from `first` on that is lacking. */
export function firstMissingNonce(byNonce: ReadonlyMap<bigint, unknown>, first: bigint): bigint {
  let nonce = first
  while (byNonce.has(nonce)) nonce += 1n
  return nonce
}
