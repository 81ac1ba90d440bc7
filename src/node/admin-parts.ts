// admin_ methods of one node: each joined to what it acts on, and its refusal to op-node's words.
import { errorMessage } from '../base/node-error.ts'
import { type Recovery } from '../recovery/recovery.ts'
import { SequencingError, type SequencingFailure } from '../recovery/sequencing-switch.ts'
import { type AdminPort } from '../rpc/admin-methods.ts'
import { invalidParams, serverError } from '../rpc/rpc-error.ts'
import { type Applier } from '../apply/applier.ts'
import { type BackupRoster, RosterError, type RosterFailure } from '../backups/backup-roster.ts'
import { addBackup, type BackupChangesDeps, removeBackup } from '../backups/change-backups.ts'
import { type PeerAddress } from '../config/node-config.ts'

/** What the methods act on. */
export interface AdminPartsDeps extends BackupChangesDeps {
  readonly applier: Pick<Applier, 'head'>
  readonly recovery: Pick<Recovery, 'sequencing' | 'onBackupsChanged'>
  /** Undefined for a backup, which builds nothing and counts nobody. */
  readonly sequencer: { settled(): Promise<void> } | undefined
  readonly roster: Pick<BackupRoster, 'add' | 'remove' | 'ids'>
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
      const backup = readPeer(deps.parsePeer, text)
      await rosterInWords(() => addBackup(deps, backup))
      return { peerId: backup.peerId, backups: deps.roster.ids() }
    },
    async removeBackup(peerId) {
      requireSequencer(sequencer)
      await rosterInWords(() => removeBackup(deps, peerId))
      return { peerId, backups: deps.roster.ids() }
    }
  }
}

function requireSequencer<T>(sequencer: T | undefined): T {
  if (sequencer === undefined) throw serverError('sequencer is not enabled: this node is a backup')
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
    throw serverError(sequencingMessage(thrown.failure))
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
    throw serverError(rosterMessage(thrown.failure))
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
