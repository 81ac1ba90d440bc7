// A copy of the sequencer's data directory, kept as an operator does it: stopped, copied, started.
import { type ScenarioActions } from './scenario.ts'

/** Resolves with the height of the copy's head. */
export async function keepCopy(actions: ScenarioActions, label: string): Promise<number> {
  const { number } = await actions.holdAt('head-set')
  await actions.stop('sequencer') // it is let go, and builds no further
  await actions.saveData('sequencer', label)
  await actions.start('sequencer')
  return number
}
