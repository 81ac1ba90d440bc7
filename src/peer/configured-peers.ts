// How many peers an operator can name: what is reserved for them and remembered of them follows from these numbers.

/** Most backups at one time. More make every start slow, and no chain safer. */
export const BACKUPS_MAX = 32

/** Sets of backups that matter at one time: that of now, of the last opening of the gate, of the next one. */
const BACKUP_SETS_MAX = 3

/** Most peers that are configured at one time, where the config names so many besides the backups. */
export function configuredPeersMax(peersCount: number): number {
  return peersCount + BACKUP_SETS_MAX * BACKUPS_MAX
}
