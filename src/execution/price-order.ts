// Transactions of many senders, the best tip first, each sender's own in nonce order.
import { effectiveTip, type PreparedTx } from './transaction.ts'

/** Yields one at a time; answer false to `next` to pass over the rest of that sender's. */
export type PriceOrder = Generator<PreparedTx, void, boolean | undefined>

interface Candidate {
  readonly prepared: PreparedTx
  readonly tip: bigint
  readonly byNonce: ReadonlyMap<bigint, PreparedTx>
}

/** A binary heap over the first executable transaction of each sender. */
export function* byPrice(
  queues: readonly { readonly byNonce: ReadonlyMap<bigint, PreparedTx>; readonly nonce: bigint }[],
  baseFee: bigint
): PriceOrder {
  const heap: Candidate[] = []
  for (const { byNonce, nonce } of queues) push(heap, candidate(byNonce, nonce, baseFee))
  for (;;) {
    const best = pop(heap)
    if (best === undefined) return
    const isTaken = yield best.prepared
    if (isTaken === false) continue
    push(heap, candidate(best.byNonce, best.prepared.tx.nonce + 1n, baseFee))
  }
}

/** The sender's transaction at a nonce, unless it does not pay the base fee. */
function candidate(
  byNonce: ReadonlyMap<bigint, PreparedTx>,
  nonce: bigint,
  baseFee: bigint
): Candidate | undefined {
  const prepared = byNonce.get(nonce)
  if (prepared === undefined) return undefined
  const tip = effectiveTip(prepared.tx, baseFee)
  return tip < 0n ? undefined : { prepared, tip, byNonce }
}

function push(heap: Candidate[], added: Candidate | undefined): void {
  if (added === undefined) return
  let at = heap.length
  heap.push(added)
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (heap[parent]!.tip >= added.tip) break
    heap[at] = heap[parent]!
    at = parent
  }
  heap[at] = added
}

function pop(heap: Candidate[]): Candidate | undefined {
  const best = heap[0]
  const last = heap.pop()
  if (best === undefined || last === undefined || heap.length === 0) return best
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && heap[child + 1]!.tip > heap[child]!.tip) child++
    if (heap[child]!.tip <= last.tip) break
    heap[at] = heap[child]!
    at = child
  }
  heap[at] = last
  return best
}
