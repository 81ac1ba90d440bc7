// Recovery as the rest of the node sees it, and what it needs to run.
import { type Hex } from '../base/bytes.ts'
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { type Service } from '../base/service.ts'
import { type BlockRef, type SignedBlock } from '../chain/blocks/block.ts'
import { type ActionDeps } from './actions/action-deps.ts'
import { type BlockAction, type decideBlocks } from './decide/decide.ts'
import { type StateAction } from './decide/decide-state.ts'
import { type Conflict } from './decide/findings.ts'
import { type ForeignBlock } from './decide/wait-reasons.ts'
import { type GateReader, type GateState, type GateWriter, type ShutReason } from './gate.ts'
import { type PeersSpoken } from './knowledge/peer-answers.ts'
import { type RecoveryPeers } from './knowledge/ports.ts'
import { type CurrentStage, type RecoveryReport } from './actions/progress.ts'
import { type SequencingSwitch } from './sequencing-switch.ts'
import { type AskTip } from './knowledge/tips.ts'

/** What recovery says of itself: RPC, health and status read it. */
export interface RecoveryStatus extends PeersSpoken {
  readonly gate: GateState
  readonly stateAction: StateAction | undefined
  readonly blockAction: BlockAction | undefined
  readonly stages: readonly CurrentStage[]
  readonly head: BlockRef
  readonly conflicts: readonly Conflict[]
  /** The block that shut the gate for good: another sequencer uses this key. */
  readonly foreign: ForeignBlock | undefined
  /** The last finished recovery of this process. */
  readonly last: RecoveryReport | undefined
}

/** The running recovery of one node; for a backup it is also what follows the chain. */
export interface Recovery extends Service {
  status(): RecoveryStatus
  /** A peer came or went, or claims more than we hold. Never blocks. */
  onPeersChanged(): void
  /** A connected peer says that it answers `signed_tip`. Never blocks. */
  onSpeaks(peer: string): void
  /** A block signed by our schedule's key, by gossip or request, is in the accepted store. */
  onAccepted(block: SignedBlock, from: string): void
  /** The sequencer cannot go on by itself: the gate shuts and recovery runs again. */
  onFault(reason: ShutReason): void
  /** Backups were added or removed: they count from this recovery on, or from the next one. Never blocks. */
  onBackupsChanged(): void
  /** The operator's way to stop and start building. */
  readonly sequencing: SequencingSwitch
}

/** A backup that heard nothing for so many slots, while a peer claims more, asks. */
export const FOLLOW_ASK_SLOTS = 2

/** Dependencies of the runner. */
export interface RecoveryDeps extends ActionDeps {
  readonly clock: Clock
  readonly log: Log
  readonly gate: GateReader & GateWriter
  readonly peers: RecoveryPeers
  readonly askTip: AskTip
  /** FOLLOW_ASK_SLOTS slots. */
  readonly followAskMs: number
  /** Hears whom the quorum still lacks after everybody who is connected was asked. */
  readonly onMissing?: (backups: readonly string[]) => void
  /** True for a block that this process signed: it may come back by gossip. */
  readonly hasSigned: (hash: Hex) => boolean
  /** Resolves when no block stands between its signature and the head; left out where nothing is signed. */
  readonly settled?: (() => Promise<void>) | undefined
  /** Replaced only to show that the checkers notice a node without recovery. */
  readonly decide?: typeof decideBlocks
}

/** The record cannot be read: the process must not go on. `node/` turns it into exit code 1. */
export type OnExit = (file: { readonly path: string; readonly reason: string }) => void
