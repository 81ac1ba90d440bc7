// How much the transaction pool keeps: by sender, in all, and for how long.

/** Bounds of the pool. A slot is 8 KiB of a transaction's envelope (sender-queue.ts). */
export interface PoolLimits {
  /** Of all that can run. */
  readonly runnableSlotsMax: number
  /** Of all that wait for a nonce before them. */
  readonly queuedSlotsMax: number
  /** Of what can run, what a sender keeps in a full pool. */
  readonly senderRunnableSlots: number
  /** Of what waits for a nonce, what a sender may have. */
  readonly senderQueuedSlotsMax: number
  /** A sender's queued ones leave when none of its transactions came or could run for so long. */
  readonly queuedLifetimeMs: number
  /** Of one transaction in its envelope. */
  readonly transactionMaxBytes: number
}

/**
 * geth's bounds (GlobalSlots, GlobalQueue, AccountSlots, AccountQueue, Lifetime, and its 128 KiB for a transaction),
 * with slots of a quarter of its size: all of a full pool is 48 MiB.
 */
export const POOL_LIMITS: PoolLimits = {
  runnableSlotsMax: 5_120,
  queuedSlotsMax: 1_024,
  senderRunnableSlots: 16,
  senderQueuedSlotsMax: 64,
  queuedLifetimeMs: 3 * 3_600_000,
  transactionMaxBytes: 128 * 1024
}
