// Recovery whole: every scenario of it many times over, then SIGKILL at random moments, record on and off.
import { LOST_DIFFS, LOST_JOURNAL } from '../../devnet/scenarios/lost-journal.ts'
import { RECOVERY_SCENARIOS } from '../../devnet/scenarios/scenarios.ts'
import { soakKills } from './kills.ts'
import { repeatScenario } from './repeat-scenario.ts'
import { type SoakPart } from './soak-part.ts'

/** The longest begin first, so that no slot is left with one of them at the end. */
export const RECOVERY_PARTS: readonly SoakPart[] = [
  soakKills('off'),
  ...[...RECOVERY_SCENARIOS, LOST_JOURNAL, LOST_DIFFS].map(({ name }) => repeatScenario(name)),
  soakKills('on')
]
