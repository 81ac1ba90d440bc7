// Many strangers at once: each does its work over and over until the attack ends, whatever the nodes do about it.
import { setTimeout as sleep } from 'node:timers/promises'
import { type AttackTools } from '../attack.ts'

/** A stranger that was refused comes back after so long. */
const COME_BACK_MS = 100

/**
 * So many workers side by side, each with its number; one whose work ends or fails begins anew. Its signal aborts with
 * the attack. Resolves when the attack is over and nobody works any more.
 */
export async function crowd(
  { signal, did }: AttackTools,
  workersCount: number,
  work: (worker: number) => Promise<void>
): Promise<void> {
  const run = async (worker: number) => {
    while (!signal.aborted) {
      try {
        await work(worker)
      } catch {
        if (!signal.aborted) did('cut off or refused')
      }
      await pause(COME_BACK_MS, signal)
    }
  }
  await Promise.all(Array.from({ length: workersCount }, (_, worker) => run(worker)))
}

/** Waits, or until the attack is over. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}

/** Does something so many times a second, as far as there is time for it, until the attack ends or it throws. */
export async function pace(
  perSecond: number,
  signal: AbortSignal,
  act: (count: number) => Promise<void> | void
): Promise<void> {
  const startedMs = performance.now()
  for (let count = 0; !signal.aborted; count++) {
    const dueMs = startedMs + (1_000 * count) / perSecond
    const waitMs = dueMs - performance.now()
    if (waitMs > 1) await pause(waitMs, signal)
    await act(count)
  }
}

/** A loopback address of a stranger's own: none that honest nodes use. All of 127.0.0.0/8 is there on Linux. */
export function strangerAddress(stranger: number): string {
  return `127.66.${String(Math.floor(stranger / 250) % 250)}.${String(1 + (stranger % 250))}`
}

/** The node that a worker is for: each node has its share of them. */
export function pick<T>(nodes: readonly T[], worker: number): T {
  return nodes[worker % nodes.length]!
}
