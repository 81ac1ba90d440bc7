// Which transactions a full pool lets go of for one that pays more.
import { type Hex } from '../base/bytes.ts'
import { effectiveTip, type PreparedTx } from './transaction.ts'

/** What must become free. */
export interface RoomWanted {
  readonly count: number
  readonly bytes: number
}

/**
 * The last transactions of other senders, the cheapest first, each cheaper than the new one: no nonce is left
 * without the one before it. At most one of each sender. Undefined when that does not make the room.
 */
export function findEvicted(
  senders: ReadonlyMap<Hex, { readonly byNonce: ReadonlyMap<bigint, PreparedTx> }>,
  { senderHex, tx }: PreparedTx,
  wanted: RoomWanted
): readonly PreparedTx[] | undefined {
  const price = effectiveTip(tx, 0n)
  const cheaper: { readonly prepared: PreparedTx; readonly price: bigint }[] = []
  for (const [sender, { byNonce }] of senders) {
    const last = sender === senderHex ? undefined : lastOf(byNonce)
    if (last === undefined) continue
    const paid = effectiveTip(last.tx, 0n)
    if (paid < price) cheaper.push({ prepared: last, price: paid })
  }
  cheaper.sort((one, other) => (one.price < other.price ? -1 : one.price > other.price ? 1 : 0))
  const evicted: PreparedTx[] = []
  let freedBytes = 0
  for (const { prepared } of cheaper) {
    if (evicted.length >= wanted.count && freedBytes >= wanted.bytes) break
    evicted.push(prepared)
    freedBytes += prepared.raw.length
  }
  return evicted.length >= wanted.count && freedBytes >= wanted.bytes ? evicted : undefined
}

function lastOf(byNonce: ReadonlyMap<bigint, PreparedTx>): PreparedTx | undefined {
  let last: PreparedTx | undefined
  for (const prepared of byNonce.values()) {
    if (last === undefined || prepared.tx.nonce > last.tx.nonce) last = prepared
  }
  return last
}
