// Backups that were taken out of the set: dialled and asked once more, until the gate opens without them.
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { type BlockRef } from '../chain/blocks/block.ts'
import { type Network } from '../net/network.ts'
import { type GateState } from '../recovery/gate.ts'
import { type AdoptedBackup, type AdoptedBackups } from './adopted-backups.ts'
import { type BackupRoster } from './backup-roster.ts'

/** One that has not answered by then is named in the log: a dial and a round take their time. */
export const FORMER_PATIENCE_MS = 5_000

/** Dependencies of asking them. */
export interface FormerBackupsDeps {
  readonly clock: Clock
  readonly log: Log
  readonly adopted: Pick<AdoptedBackups, 'former'>
  readonly roster: Pick<BackupRoster, 'ids'>
  readonly network: Pick<Network, 'keepConnected' | 'letGo' | 'disconnect'>
  /** Peers of the config: they stay connected to, whatever counts. */
  readonly isPeer: (peerId: string) => boolean
  readonly head: () => BlockRef
}

/** Those that the quorum of the old set may need. At most as many as a set has members. */
export interface FormerBackups {
  /** As of now; none while the set is not changed. */
  list(): readonly AdoptedBackup[]
  /** While the gate is shut they are kept connected; once it opens, or they count again, no more. */
  onGate(state: GateState): void
  /** Backups were added or removed. */
  onBackupsChanged(): void
  /** A round ended without these. */
  onMissing(peerIds: readonly string[]): void
}

/** Dials at once those of the set that the config does not name any more. The gate is taken to be shut. */
export function createFormerBackups(deps: FormerBackupsDeps): FormerBackups {
  const { clock, log, adopted } = deps
  const kept = new Set<string>()
  const named = new Set<string>()
  let isShut = true
  let shutMs = clock.monotonicMs()

  function update(): void {
    const former = adopted.former()
    const wanted = isShut ? former.filter(({ peerId }) => !deps.isPeer(peerId)) : []
    for (const peerId of kept) {
      if (wanted.some((one) => one.peerId === peerId)) continue
      kept.delete(peerId)
      // A peer that counts again stays connected as a backup.
      if (!deps.roster.ids().includes(peerId)) release(deps, peerId)
    }
    for (const { peerId, multiaddr } of wanted) {
      if (multiaddr === undefined) continue
      // Also one that is kept: its removal as a backup has disconnected it.
      deps.network.keepConnected(multiaddr)
      kept.add(peerId)
    }
  }

  const known = adopted.former()
  if (known.length > 0) log.info('backups-changed', { former: known.map(describeFormer) })
  update()
  return {
    list: () => adopted.former(),
    onGate(state) {
      if (state.kind === 'shut' && state.reason === 'stopping') return
      if (state.kind === 'shut' && !isShut) {
        shutMs = clock.monotonicMs()
        named.clear()
      }
      isShut = state.kind === 'shut'
      update()
    },
    onBackupsChanged: update,
    onMissing(peerIds) {
      if (clock.monotonicMs() - shutMs < FORMER_PATIENCE_MS) return
      for (const backup of adopted.former()) {
        if (!peerIds.includes(backup.peerId) || named.has(backup.peerId)) continue
        named.add(backup.peerId)
        const exit = exitWithout(backup, deps.head())
        log.warn('former-backup-missing', { ...describeFormer(backup), exit })
      }
    }
  }
}

/** For status and log. */
export function describeFormer({ peerId, multiaddr }: AdoptedBackup): {
  readonly peerId: string
  readonly multiaddr: string
} {
  return { peerId, multiaddr: multiaddr ?? 'not stored' }
}

/** What an operator can do about one that does not answer. */
export function exitWithout({ peerId, multiaddr }: AdoptedBackup, { hash }: BlockRef): string {
  return `${startAgain(peerId, multiaddr)}; or restart with --start-without-backups ${hash}: what it holds is given up`
}

function startAgain(peerId: string, multiaddr: string | undefined): string {
  if (multiaddr === undefined) return `name ${peerId} with its address under peers, and restart`
  if (multiaddr === `/p2p/${peerId}`) return `start ${peerId} once more, and have it dial this node`
  return `start ${peerId} once more at ${multiaddr}`
}

function release({ log, network }: FormerBackupsDeps, peerId: string): void {
  network.letGo(peerId)
  network.disconnect(peerId).catch((thrown: unknown) => {
    log.debug('disconnect-failed', { peer: peerId, reason: errorMessage(thrown) })
  })
}
