// admin_ methods of one node: each joined to what it acts on, and its refusal to op-node's words.
import { errorMessage } from '../base/node-error.ts'
import { type Log } from '../base/log.ts'
import { type Network } from '../net/network.ts'
import { type Recovery } from '../recovery/recovery.ts'
import { SequencingError, type SequencingFailure } from '../recovery/sequencing-switch.ts'
import { type AdminPort, type BackupsChange } from '../rpc/admin-methods.ts'
import { invalidParams, RPC_CODES, RpcError } from '../rpc/rpc-error.ts'
import { type Applier } from '../apply/applier.ts'
import { type BackupRoster, RosterError, type RosterFailure } from '../backups/backup-roster.ts'
import { type FormerBackups } from '../backups/former-backups.ts'
import { type PeerAddress } from '../config/node-config.ts'

/** What the methods act on. */
export interface AdminPartsDeps {
  readonly log: Log
  readonly applier: Pick<Applier, 'head'>
  readonly recovery: Pick<Recovery, 'sequencing' | 'onBackupsChanged'>
  /** Undefined for a backup, which builds nothing and counts nobody. */
  readonly sequencer: { settled(): Promise<void> } | undefined
  readonly roster: Pick<BackupRoster, 'add' | 'remove' | 'ids'>
  readonly network: Pick<Network, 'keepConnected' | 'letGo'>
  /** Undefined for a backup. */
  readonly former: Pick<FormerBackups, 'onBackupsChanged'> | undefined
  /** Peers of the config that are no backups: they stay connected to. */
  readonly isPeer: (peerId: string) => boolean
  readonly parsePeer: (text: string) => PeerAddress
}

/** The port that rpc/ calls. */
export function createAdminPort(deps: AdminPartsDeps): AdminPort {
  const { applier, recovery, sequencer } = deps
  const { sequencing } = recovery
  return {
    isSequencerActive: () => sequencer !== undefined && sequencing.isOn(),
    startSequencer(hash) {
      requireSequencer(sequencer)
      refuseInWords(() => {
        sequencing.start(hash)
      })
    },
    async stopSequencer() {
      const running = requireSequencer(sequencer)
      refuseInWords(() => {
        sequencing.stop()
      })
      await running.settled()
      return applier.head().hash
    },
    async addBackup(text) {
      requireSequencer(sequencer)
      return addBackup(deps, text)
    },
    async removeBackup(peerId) {
      requireSequencer(sequencer)
      return removeBackup(deps, peerId)
    }
  }
}

/**
 * Dialled at once and kept connected, direct in gossip. It counts for the replicated head at once and for the
 * quorum from the next recovery on: from this one, where the gate is shut; one that is open stays open. It is
 * kept in the data directory and so survives restarts, until it is removed or the config names it.
 */
async function addBackup(
  { log, roster, network, former, recovery, parsePeer }: AdminPartsDeps,
  text: string
): Promise<BackupsChange> {
  const backup = readPeer(parsePeer, text)
  await rosterInWords(() => roster.add(backup))
  network.keepConnected(backup.multiaddr)
  former?.onBackupsChanged()
  recovery.onBackupsChanged()
  log.warn('backup-added', { ...backup })
  return { peerId: backup.peerId, backups: roster.ids() }
}

/** One that counted when the gate last opened is asked once more, as every changed set is: former-backups.ts. */
async function removeBackup(
  { log, roster, network, former, recovery, isPeer }: AdminPartsDeps,
  peerId: string
): Promise<BackupsChange> {
  await rosterInWords(() => roster.remove(peerId))
  if (!isPeer(peerId)) network.letGo(peerId)
  former?.onBackupsChanged()
  recovery.onBackupsChanged()
  log.warn('backup-removed', { peerId })
  return { peerId, backups: roster.ids() }
}

function requireSequencer<T>(sequencer: T | undefined): T {
  if (sequencer === undefined) throw refusal('sequencer is not enabled: this node is a backup')
  return sequencer
}

function readPeer(parsePeer: AdminPartsDeps['parsePeer'], text: string): PeerAddress {
  try {
    return parsePeer(text)
  } catch (thrown) {
    throw invalidParams(`argument 0: is no address of a peer: ${errorMessage(thrown)}`)
  }
}

function refuseInWords(work: () => void): void {
  try {
    work()
  } catch (thrown) {
    if (!(thrown instanceof SequencingError)) throw thrown
    throw refusal(sequencingMessage(thrown.failure))
  }
}

/** op-node's words, for tools that look for them. */
function sequencingMessage(failure: SequencingFailure): string {
  switch (failure.code) {
    case 'sequencing-is-on':
      return 'sequencer already running'
    case 'sequencing-is-off':
      return 'sequencer not running'
    case 'not-the-head':
      return `block hash does not match: head ${failure.head.hash}, received ${failure.given}`
  }
}

async function rosterInWords(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (thrown) {
    if (!(thrown instanceof RosterError)) throw thrown
    throw refusal(rosterMessage(thrown.failure))
  }
}

function rosterMessage(failure: RosterFailure): string {
  switch (failure.code) {
    case 'backup-known':
      return `${failure.peerId} is a backup already`
    case 'backup-is-self':
      return `${failure.peerId} is this node itself`
    case 'backups-full':
      return `there are ${String(failure.backupsMax)} backups, and no more are taken`
    case 'backup-unknown':
      return `${failure.peerId} is no backup`
    case 'backup-configured':
      return `${failure.peerId} is a backup by the config: take it out of there and restart`
  }
}

function refusal(message: string): RpcError {
  return new RpcError(RPC_CODES.serverError, message)
}
