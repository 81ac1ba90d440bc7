// What recovery has learnt so far, and the findings that the pure decision reads.
import { type PassingCause } from '../../base/passing-failure.ts'
import { type Hex } from '../../base/bytes.ts'
import { type BlockRef } from '../../chain/blocks/block.ts'
import { BLOCK_HASHES_DEPTH } from '../../chain/stored/find-holes.ts'
import { GapFailures } from './gap-failures.ts'
import { KnownConflicts } from './known-conflicts.ts'
import { PeerAnswers, type PeerAnswersDeps } from './peer-answers.ts'
import {
  type BlockFindings,
  type Conflict,
  type EvidenceOutcome,
  type GapFailure,
  type QuorumSetting,
  type Role,
  type StateFindings,
  type StateWay
} from '../decide/findings.ts'
import {
  type RecoveryChain,
  type DiffsAtHand,
  type RecoveryPeers,
  type RecoveryRecord,
  type RecoveryState,
  type StatesAtHand
} from './ports.ts'
import { quorumState } from '../decide/quorum.ts'
import { type ForeignBlock } from '../decide/wait-reasons.ts'
import { ShownBlocks } from './shown-blocks.ts'
import { gatherStateFindings } from './state-findings.ts'
import { type TipRound } from './tips.ts'

/** Where the findings come from. */
export interface KnowledgeDeps extends PeerAnswersDeps {
  readonly chain: RecoveryChain
  readonly state: RecoveryState
  readonly diffs: Pick<DiffsAtHand, 'areStored' | 'areServed' | 'isExecutionDear'>
  readonly states: Pick<StatesAtHand, 'areServed'>
  readonly record: RecoveryRecord
  readonly peers: RecoveryPeers
  readonly writesWaitFor: () => PassingCause | undefined
}

/** What does not change while the process lives. */
export interface KnowledgeOptions {
  readonly role: Role
  /** Peers that are dialled besides the backups. */
  readonly configuredPeers: readonly string[]
  readonly quorum: QuorumSetting
  /** The head on which this one start may do without the quorum; the operator named it. */
  readonly startWithoutBackups?: Hex | undefined
  /** The head above which this one start gives up what nobody serves; the operator named it. */
  readonly giveUpAbove?: Hex | undefined
  readonly blockTimeMs: number
  /** True when the schedule names our key for this height. */
  readonly scheduleNamesUs: (number: bigint) => boolean
}

/** Everything recovery remembers between two decisions. One per node. */
export class Knowledge {
  /** Whom recovery asked, and what they said. */
  readonly peers: PeerAnswers
  readonly #deps: KnowledgeDeps
  readonly #options: KnowledgeOptions
  readonly #conflicts: KnownConflicts
  readonly #gapFailures: GapFailures
  readonly #shown: ShownBlocks
  #foreign: ForeignBlock | undefined
  #sequencing = true
  readonly #failedWays = new Set<StateWay>()
  #stateFetchFailures = 0

  constructor(deps: KnowledgeDeps, options: KnowledgeOptions) {
    this.#deps = deps
    this.#options = options
    this.peers = new PeerAnswers(deps, options.configuredPeers)
    this.#gapFailures = new GapFailures(deps.clock)
    this.#shown = new ShownBlocks(deps.chain)
    this.#conflicts = new KnownConflicts(deps.chain)
  }

  /** Looks for what the last process left. Once, before anything is decided. */
  async open(): Promise<void> {
    await this.#conflicts.findStored()
  }

  /** The block rows' input as of now. */
  blockFindings(): BlockFindings {
    const { chain, record, state, peers } = this.#deps
    const head = chain.head()
    return {
      role: this.#options.role,
      head,
      record: record.finding(),
      conflict: this.#conflicts.first(head, record.finding()),
      shown: this.#shown.above(head),
      gapFailures: this.#gapFailures.current(),
      ...this.peers.findings(),
      quorum: this.#options.startWithoutBackups === head.hash ? 'none' : this.#options.quorum,
      blockTimeMs: this.#options.blockTimeMs,
      stateAtHead: state.isReadable(head.hash),
      unknownHash: unknownHash(chain, head.number),
      clockFault: peers.clockFault(),
      scheduleNamesUs: this.#options.scheduleNamesUs(head.number + 1n),
      sequencing: this.#sequencing,
      writesWaitFor: this.#deps.writesWaitFor(),
      foreign: this.#foreign,
      giveUpAbove: this.#options.giveUpAbove
    }
  }

  /** The state rows' input as of now. */
  stateFindings(): StateFindings {
    return gatherStateFindings(this.#deps, {
      failed: this.#failedWays,
      target: this.highestShown(),
      isHeard: this.#isHeard(),
      gapOf: (hash) => {
        const failure = this.#gapFailures.current().get(hash)
        return failure && { reason: failure.reason, triesCount: this.#gapFailures.triesCount(hash) }
      }
    })
  }

  /** The highest block above the head that is shown; the block is accepted. */
  highestShown(): BlockRef | undefined {
    return this.#shown.above(this.#deps.chain.head())[0]?.block
  }

  /** Takes in what a round brought: answers, shown blocks, conflicts. A new answer lets failed work match again. */
  noteRound(round: TipRound): void {
    const head = this.#deps.chain.head()
    const wasHeard = this.#isHeard()
    this.peers.noteRound(round, () => quorumState(this.blockFindings()).missing.length === 0)
    const diskLayer = this.#deps.state.diskLayer()
    // More may lead to the disk layer than before now: the record's word counts.
    if (!wasHeard && this.#isHeard() && diskLayer) this.#gapFailures.retry(diskLayer.hash)
    for (const { block, peer } of round.shown) this.#shown.note(block, peer)
    for (const conflict of round.conflicts) this.noteConflict(conflict)
    for (const number of round.belowHistory) this.#deps.chain.needHistory(number)
    this.#shown.dropUpTo(head)
  }

  /** Peers came or went: what nobody could serve may be served now. */
  peersChanged(): void {
    this.#gapFailures.retryAll()
    this.#failedWays.clear()
    this.#stateFetchFailures = 0
    this.#conflicts.retrace()
    this.peers.peersChanged()
  }

  /** A whole new recovery in the same process: rounds and answers start over. */
  restart(): void {
    this.peers.restart()
    this.#shown.clear()
    this.#gapFailures.clear()
    this.#failedWays.clear()
    this.#stateFetchFailures = 0
  }

  noteConflict(conflict: Conflict): void {
    this.#conflicts.note(conflict)
  }

  /** These became our chain, above `floor`: what was accepted beside them meanwhile is a conflict. */
  async notePath(floor: BlockRef, path: readonly Hex[]): Promise<void> {
    await this.#conflicts.findBeside(floor, path)
  }

  /** True when two branches of our key are known. */
  get hasConflict(): boolean {
    return this.#conflicts.size > 0
  }

  /** A sequencer stops at conflicts; a backup keeps the branch that it accepted first. */
  get isSequencer(): boolean {
    return this.#options.role === 'sequencer'
  }

  /** A conflict whose other branch may still be fetched. */
  untracedConflict(): Conflict | undefined {
    return this.#conflicts.untraced()
  }

  /** A branch that was set aside is no conflict any more. */
  noteTraced({ other }: Conflict, outcome: EvidenceOutcome): void {
    if (outcome === 'set-aside') {
      this.#conflicts.drop(other.hash)
      // What the conflict kept from being taken may be taken now.
      this.#gapFailures.clear()
    } else this.#conflicts.noteTraced(other.hash)
  }

  /** Backups that the override for this start does without; empty where it is not needed. */
  overridden(): readonly string[] {
    const { startWithoutBackups, quorum } = this.#options
    if (startWithoutBackups !== this.#deps.chain.head().hash) return []
    return quorumState({ ...this.blockFindings(), quorum }).missing
  }

  /** The block that shut the gate for good, if any. */
  foreign(): ForeignBlock | undefined {
    return this.#foreign
  }

  noteGapFailure(failure: GapFailure): void {
    this.#gapFailures.note(failure)
  }

  /** True when something came up that keeps the gate shut whatever the rows said before. */
  isBarred(): boolean {
    return this.#foreign !== undefined || this.hasConflict || !this.#sequencing
  }

  /** False once sequencing was stopped, or while another sequencer's block latches the gate. */
  isSequencing(): boolean {
    return this.#sequencing && this.#foreign === undefined
  }

  /** Nothing opens the gate until sequencing is started again. */
  stopSequencing(): void {
    this.#sequencing = false
  }

  /** An operator said so: another sequencer's block latches the gate no more, and everybody is asked anew. */
  startSequencing(): void {
    this.#sequencing = true
    this.#foreign = undefined
    this.restart()
  }

  /** True when the schedule names our key for this height. */
  isOurTurn(number: bigint): boolean {
    return this.#options.scheduleNamesUs(number)
  }

  /** Backups were added or removed: the rounds so far did not ask the set that counts now. */
  backupsChanged(): void {
    this.peers.backupsChanged()
    this.#gapFailures.clear()
  }

  noteForeign(foreign: ForeignBlock): void {
    this.#foreign ??= foreign
  }

  /**
   * These were set aside because they stand on such a block. A latch that one of them set stays, since somebody signed
   * it and it was not set aside then; returns what the latch says now.
   */
  noteSetAside(hashes: readonly Hex[], standsOn: BlockRef): ForeignBlock | undefined {
    const foreign = this.#foreign
    if (foreign === undefined || !hashes.includes(foreign.block.hash)) return undefined
    this.#foreign = { ...foreign, standsOn }
    return this.#foreign
  }

  /** A way of rebuilding state that did not give the head's root. */
  noteStateFailure(way: StateWay): void {
    this.#failedWays.add(way)
  }

  /** Returns how often in a row it failed, with the peers there are. */
  noteStateFetchFailed(): number {
    this.#stateFetchFailures += 1
    return this.#stateFetchFailures
  }

  /** The chain began anew further up: what stands beside its blocks counts from here on. */
  async noteJump(): Promise<void> {
    await this.#conflicts.findStored()
  }

  /** Conflicting branches seen so far, for status. */
  conflicts(): readonly Conflict[] {
    return this.#conflicts.all()
  }

  /** Silence may count; a sequencer with a conflict waits for its operator instead. */
  #isHeard(): boolean {
    if (!this.isSequencer) return this.peers.isSettled()
    const findings = this.blockFindings()
    const { missing } = quorumState(findings)
    return missing.length === 0 && !findings.isAskDue && findings.conflict === undefined
  }
}

/** Of the heights that the next block may ask for, one of which the hash is not known. */
function unknownHash({ blocks, holes }: RecoveryChain, head: bigint): bigint | undefined {
  const lowest = head - BLOCK_HASHES_DEPTH
  const first = lowest > 1n ? lowest : 1n
  const { oldestBlock } = blocks.history()
  if (oldestBlock > first) return oldestBlock - 1n
  return holes.unknownHash({ first, last: head })
}
