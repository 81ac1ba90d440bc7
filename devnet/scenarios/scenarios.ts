// Every scenario by its name.
import { ALL_NODES_KILLED } from './all-nodes-killed.ts'
import { BACKUP_JOINS } from './backup-joins.ts'
import { CLOCK_SET } from './clock-set.ts'
import { CORRUPT_NODE } from './corrupt-node.ts'
import { CRASH_DURING_RECOVERY } from './crash-during-recovery.ts'
import { EMPTY_DATADIR } from './empty-datadir.ts'
import { LONG_OUTAGE } from './long-outage.ts'
import { LOST_DIFFS, LOST_JOURNAL } from './lost-journal.ts'
import { LYING_BACKUP } from './lying-backup.ts'
import { MANY_BLOCKS_BEHIND } from './many-blocks-behind.ts'
import { NO_BACKUP_REACHABLE } from './no-backup-reachable.ts'
import { ONE_BLOCK_BEHIND } from './one-block-behind.ts'
import { PUBLISHED_TO_NONE } from './published-to-none.ts'
import { PUBLISHED_TO_ONE } from './published-to-one.ts'
import { type Scenario } from './scenario.ts'
import { SECOND_SEQUENCER } from './second-sequencer.ts'
import { SIGNED_NOT_PUBLISHED } from './signed-not-published.ts'
import { SLOW_BACKUP } from './slow-backup.ts'
import { STALE_DATADIR } from './stale-datadir.ts'
import { TORN_JOURNAL } from './torn-journal.ts'

/** The main job: one block is lost, or the state. */
export const MAIN_JOB_SCENARIOS: readonly Scenario[] = [
  ONE_BLOCK_BEHIND,
  SIGNED_NOT_PUBLISHED,
  PUBLISHED_TO_ONE,
  PUBLISHED_TO_NONE,
  NO_BACKUP_REACHABLE,
  LOST_JOURNAL,
  LOST_DIFFS
]

/** Recovery whole: old data, lost records, outages, crashes on the way, backups that do not help. */
export const RECOVERY_SCENARIOS: readonly Scenario[] = [
  MANY_BLOCKS_BEHIND,
  STALE_DATADIR,
  ALL_NODES_KILLED,
  LONG_OUTAGE,
  CRASH_DURING_RECOVERY,
  CLOCK_SET,
  SLOW_BACKUP,
  LYING_BACKUP,
  SECOND_SEQUENCER,
  TORN_JOURNAL,
  CORRUPT_NODE,
  EMPTY_DATADIR,
  BACKUP_JOINS
]

/** In the order in which help lists them. */
export const SCENARIOS: readonly Scenario[] = [...MAIN_JOB_SCENARIOS, ...RECOVERY_SCENARIOS]

/** Undefined for a name that none has. */
export function findScenario(name: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.name === name)
}
