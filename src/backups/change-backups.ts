// Backups that an operator adds and removes while the node runs: who is told, and from when on it counts.
import { type Log } from '../base/log.ts'
import { type PeerAddress } from '../config/node-config.ts'
import { type BackupRoster } from './backup-roster.ts'
import { type FormerBackups } from './former-backups.ts'

/** What a change acts on. */
export interface BackupChangesDeps {
  readonly log: Log
  readonly roster: Pick<BackupRoster, 'add' | 'remove'>
  readonly network: {
    /** Dials it, now and whenever it is gone. */
    keepConnected(multiaddr: string): void
    letGo(peerId: string): void
  }
  /** Undefined for a backup, which asks for no quorum. */
  readonly former: Pick<FormerBackups, 'onBackupsChanged'> | undefined
  readonly recovery: { onBackupsChanged(): void }
  /** Peers of the config that are no backups: they stay connected to. */
  readonly isPeer: (peerId: string) => boolean
}

/**
 * Dialled at once and kept connected, direct in gossip. It counts for the replicated head at once and for the
 * quorum from the next recovery on: from this one, where the gate is shut; one that is open stays open. It is
 * kept in the data directory and so survives restarts, until it is removed or the config names it. Throws RosterError.
 */
export async function addBackup(
  { log, roster, network, ...told }: BackupChangesDeps,
  backup: PeerAddress
): Promise<void> {
  await roster.add(backup)
  network.keepConnected(backup.multiaddr)
  tellChange(told)
  log.warn('backup-added', { ...backup })
}

/**
 * One that counted when the gate last opened is asked once more, as every changed set is: former-backups.ts. Throws
 * RosterError.
 */
export async function removeBackup(
  { log, roster, network, isPeer, ...told }: BackupChangesDeps,
  peerId: string
): Promise<void> {
  await roster.remove(peerId)
  if (!isPeer(peerId)) network.letGo(peerId)
  tellChange(told)
  log.warn('backup-removed', { peerId })
}

function tellChange({ former, recovery }: Pick<BackupChangesDeps, 'former' | 'recovery'>): void {
  former?.onBackupsChanged()
  recovery.onBackupsChanged()
}
