// Waiting for what a node does, with an end.
import { setTimeout as delay } from 'node:timers/promises'

const STEP_MS = 10

/** True as soon as it holds, false when the time is up. */
export async function waitUntil(holds: () => boolean, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs
  while (!holds()) {
    if (performance.now() >= deadline) return false
    await delay(STEP_MS)
  }
  return true
}
