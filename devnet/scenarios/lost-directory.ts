// A data directory that is gone while its node is down: the keys beside it are left, as after a lost disk.
import { rm } from 'node:fs/promises'
import { type ScenarioActions } from './scenario.ts'

/** The node is down. */
export async function loseData(actions: ScenarioActions, node: string): Promise<void> {
  await rm(actions.place(node).dataDir, { recursive: true })
}
