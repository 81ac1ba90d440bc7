// One sender's transactions in the pool, by nonce.
import { type PreparedTx } from './transaction.ts'

/** What waits of one sender; there may be gaps between the nonces. */
export interface SenderQueue {
  readonly byNonce: Map<bigint, PreparedTx>
  /** The account's nonce at the head. */
  nonce: bigint
}

/** The first nonce from `first` on that the queue lacks: those before it can run one after the other. */
export function firstMissingNonce(
  { byNonce }: Pick<SenderQueue, 'byNonce'>,
  first: bigint
): bigint {
  let nonce = first
  while (byNonce.has(nonce)) nonce += 1n
  return nonce
}
