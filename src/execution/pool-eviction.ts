// Transactions that a full pool drops: those of the sender that holds the most, then those that pay the least.
import { type Hex } from '../base/bytes.ts'
import { type SenderQueue, slotsOf } from './sender-queue.ts'
import { effectiveTip, type PreparedTx } from './transaction.ts'

/** What must become free, and by whose measure. */
export interface RoomWanted {
  readonly slots: number
  /** Of the next block: what does not pay it is worth less than all that does. */
  readonly baseFee: bigint
  /** Slots of runnable transactions that a sender keeps, however many others come. */
  readonly senderSlots: number
  /** Slots that the new one's sender has with it. */
  readonly ownSlots: number
}

interface Holder {
  readonly byNonce: ReadonlyMap<bigint, PreparedTx>
  last: PreparedTx
  slots: number
}

/**
 * Runnable transactions of other senders, each sender's last ones, so that no nonce is left without the one before
 * it. Who holds more than the new one's sender, and more than a sender keeps, gives first, whatever it pays, to one
 * that pays the base fee. Then the cheapest go, each cheaper than the new one. Undefined when that is too little.
 */
export function findRunnableRoom(
  senders: ReadonlyMap<Hex, SenderQueue>,
  { senderHex, tx }: PreparedTx,
  wanted: RoomWanted
): readonly PreparedTx[] | undefined {
  const price = effectiveTip(tx, wanted.baseFee)
  const holders: Holder[] = []
  for (const [sender, queue] of senders) {
    const last = sender === senderHex ? undefined : queue.lastRunnable()
    if (last === undefined) continue
    holders.push({ byNonce: queue.byNonce, last, slots: queue.runnable.slots })
  }
  const fairSlots = Math.max(wanted.senderSlots, wanted.ownSlots)
  const evicted: PreparedTx[] = []
  for (let freed = 0; freed < wanted.slots;) {
    const largest = price < 0n ? undefined : largestOf(holders, fairSlots)
    const holder = largest ?? cheapestOf(holders, price, wanted.baseFee)
    if (holder === undefined) return undefined
    evicted.push(holder.last)
    freed += slotsOf(holder.last)
    takeLast(holders, holder)
  }
  return evicted
}

function takeLast(holders: Holder[], holder: Holder): void {
  const slots = holder.slots - slotsOf(holder.last)
  const before = holder.byNonce.get(holder.last.tx.nonce - 1n)
  if (slots <= 0 || before === undefined) {
    holders.splice(holders.indexOf(holder), 1)
    return
  }
  holder.slots = slots
  holder.last = before
}

function largestOf(holders: readonly Holder[], aboveSlots: number): Holder | undefined {
  let largest: Holder | undefined
  for (const holder of holders) {
    if (holder.slots > (largest?.slots ?? aboveSlots)) largest = holder
  }
  return largest
}

function cheapestOf(holders: readonly Holder[], price: bigint, baseFee: bigint) {
  let cheapest: Holder | undefined
  let cheapestPrice = price
  for (const holder of holders) {
    const paid = effectiveTip(holder.last.tx, baseFee)
    if (paid >= cheapestPrice) continue
    cheapest = holder
    cheapestPrice = paid
  }
  return cheapest
}

/**
 * The queued transaction to drop next, for one of a sender that has `ownSlots` with it: the last of who holds
 * more, or of who came first. `oldestFirst` has every sender with queued ones.
 */
export function findQueuedRoom(
  senders: ReadonlyMap<Hex, SenderQueue>,
  oldestFirst: Iterable<Hex>,
  { senderHex, ownSlots }: { readonly senderHex: Hex; readonly ownSlots: number }
): PreparedTx | undefined {
  let oldest: SenderQueue | undefined
  let largest: SenderQueue | undefined
  for (const sender of oldestFirst) {
    const queue = senders.get(sender)
    if (queue === undefined || sender === senderHex) continue
    oldest ??= queue
    if (queue.queued.slots > (largest?.queued.slots ?? ownSlots)) largest = queue
  }
  return (largest ?? oldest)?.queuedFromLast()[0]
}
