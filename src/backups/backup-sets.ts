// The two sets of backups of one node: who counts now, and who counted when the gate last opened.
import { type Log } from '../base/log.ts'
import { type KeyValueStore } from '../store/key-value-store.ts'
import { AdoptedBackups, storedSets } from './adopted-backups.ts'
import { BackupRoster, storedAdditions } from './backup-roster.ts'
import { type NodeConfig } from '../config/node-config.ts'

/** Both sets. */
export interface BackupSets {
  readonly roster: BackupRoster
  readonly adopted: AdoptedBackups
}

/** Reads them, and takes over the addresses that the config knows. Throws ChainError, StoreError. */
export async function openBackupSets(
  chainStore: KeyValueStore,
  {
    config: { backups, peers },
    ownPeerId
  }: { readonly config: Pick<NodeConfig, 'backups' | 'peers'>; readonly ownPeerId: string },
  log: Log
): Promise<BackupSets> {
  const roster = new BackupRoster(storedAdditions(chainStore), {
    configured: backups,
    others: peers,
    ownPeerId
  })
  const adopted = new AdoptedBackups(storedSets(chainStore), roster)
  await adopted.refresh(log)
  return { roster, adopted }
}

/** Everybody who counts for the quorum of either set: such a peer must not be shut out. */
export function isCounted({ roster, adopted }: BackupSets, peerId: string): boolean {
  return roster.ids().includes(peerId) || adopted.load().some((set) => set.includes(peerId))
}

/** Everybody whom an operator named, or who counted when the gate last opened. Peers of the config do not change. */
export function configuredPeers(
  { backups, peers }: Pick<NodeConfig, 'backups' | 'peers'>,
  sets: BackupSets
): (peerId: string) => boolean {
  const named = new Set([...backups, ...peers].map(({ peerId }) => peerId))
  return (peerId) => named.has(peerId) || isCounted(sets, peerId)
}

/** Who is dialled from the start besides the config's: a backup has no gate, and asks for no quorum. */
export function formerAddresses(
  { adopted }: BackupSets,
  { role }: Pick<NodeConfig, 'role'>
): readonly string[] {
  if (role !== 'sequencer') return []
  return adopted.former().flatMap(({ multiaddr }) => multiaddr ?? [])
}
