// The replicated head: the highest block that a majority of the backups reports accepted.
import { majorityOf } from '../decide/quorum.ts'

/** Heights each backup reports accepted, undefined for none; a majority of all configured is the quorum. */
export function replicatedHead(accepted: readonly (bigint | undefined)[]): bigint | undefined {
  const reported = accepted.filter((number) => number !== undefined)
  reported.sort((a, b) => (a < b ? 1 : a > b ? -1 : 0))
  return accepted.length === 0 ? undefined : reported[majorityOf(accepted.length) - 1]
}
