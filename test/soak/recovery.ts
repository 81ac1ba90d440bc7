// Recovery whole: every scenario of it many times over, then SIGKILL at random moments, record on and off.
import { RECOVERY_SCENARIOS } from '../../devnet/scenarios/scenarios.ts'
import { type Criterion, printCriterion } from './criterion.ts'
import { soakKills } from './kills.ts'
import { repeatScenario, type RepeatOptions } from './repeat-scenario.ts'

/** Options of the soak. */
export interface RecoveryOptions extends RepeatOptions {
  /** Kills with the record on, and as many with it off. */
  readonly kills: number
}

/** Runs it all, prints each criterion as it is known, and returns them. */
export async function soakRecovery(options: RecoveryOptions): Promise<readonly Criterion[]> {
  const criteria: Criterion[] = []
  for (const { name } of RECOVERY_SCENARIOS) {
    criteria.push(printCriterion(await repeatScenario(name, options)))
  }
  return [...criteria, ...(await soakKills(options))]
}
