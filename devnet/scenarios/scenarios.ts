// Every scenario by its name.
import { LOST_DIFFS, LOST_JOURNAL } from './lost-journal.ts'
import { NO_BACKUP_REACHABLE } from './no-backup-reachable.ts'
import { ONE_BLOCK_BEHIND } from './one-block-behind.ts'
import { PUBLISHED_TO_NONE } from './published-to-none.ts'
import { PUBLISHED_TO_ONE } from './published-to-one.ts'
import { type Scenario } from './scenario.ts'
import { SIGNED_NOT_PUBLISHED } from './signed-not-published.ts'

/** In the order in which help lists them. */
export const SCENARIOS: readonly Scenario[] = [
  ONE_BLOCK_BEHIND,
  SIGNED_NOT_PUBLISHED,
  PUBLISHED_TO_ONE,
  PUBLISHED_TO_NONE,
  NO_BACKUP_REACHABLE,
  LOST_JOURNAL,
  LOST_DIFFS
]

/** Undefined for a name that none has. */
export function findScenario(name: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.name === name)
}
