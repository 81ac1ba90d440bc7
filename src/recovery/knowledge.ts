// What recovery has learnt so far, and the findings that the pure decision reads.
import { type Hex } from '../base/bytes.ts'
import { type Clock } from '../base/clock.ts'
import { BLOCK_HASHES_DEPTH } from '../chain/find-holes.ts'
import { GapFailures } from './gap-failures.ts'
import { KnownConflicts } from './known-conflicts.ts'
import {
  type BackupSet,
  type BlockFindings,
  type Conflict,
  type EvidenceOutcome,
  type ForeignBlock,
  type GapFailure,
  type QuorumSetting,
  type Role,
  type StateFindings,
  type StateWay,
  type TipAnswer
} from './findings.ts'
import {
  type RecoveryChain,
  type RecoveryDiffs,
  type RecoveryPeers,
  type RecoveryRecord,
  type RecoveryState,
  type StoredBackups
} from './ports.ts'
import { quorumState } from './quorum.ts'
import { createRoundLog } from './rounds.ts'
import { ShownBlocks } from './shown-blocks.ts'
import { gatherStateFindings } from './state-findings.ts'
import { type TipRound } from './tips.ts'

/** So long configured peers may take to connect before the first round counts without them. */
const FIRST_ASK_GRACE_MS = 5_000

/** Where the findings come from. */
export interface KnowledgeDeps {
  readonly clock: Clock
  readonly chain: RecoveryChain
  readonly state: RecoveryState
  readonly diffs: Pick<RecoveryDiffs, 'areStored' | 'areServed' | 'isExecutionDear'>
  readonly record: RecoveryRecord
  readonly peers: RecoveryPeers
  readonly storedBackups: StoredBackups
  /** Peer ids of the backups as they are configured now; an operator may add to them at any time. */
  readonly backups: () => readonly string[]
  readonly diskHasRoom: () => boolean
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
  readonly #deps: KnowledgeDeps
  readonly #options: KnowledgeOptions
  readonly #rounds = createRoundLog()
  readonly #conflicts: KnownConflicts
  readonly #gapFailures: GapFailures
  readonly #shown: ShownBlocks
  #answers: ReadonlyMap<string, TipAnswer> = new Map()
  #foreign: ForeignBlock | undefined
  #sequencing = true
  #askedPeers: ReadonlySet<string> = new Set()
  /** Those of the round under way that stayed connected since it began. */
  #peersOfRound: ReadonlySet<string> = new Set()
  readonly #failedWays = new Set<StateWay>()
  #startedMs: number
  /** Rounds that began before this count for nothing, on the monotonic clock. */
  #answersFromMs = 0
  #roundsCount = 0

  constructor(deps: KnowledgeDeps, options: KnowledgeOptions) {
    this.#deps = deps
    this.#options = options
    this.#startedMs = deps.clock.monotonicMs()
    this.#gapFailures = new GapFailures(deps.clock)
    this.#shown = new ShownBlocks(deps.chain)
    this.#conflicts = new KnownConflicts(deps.chain)
    this.#conflicts.findStored()
  }

  /** The block rows' input as of now. */
  blockFindings(): BlockFindings {
    const { chain, record, state, peers, clock } = this.#deps
    const head = chain.head()
    return {
      role: this.#options.role,
      head,
      record: record.finding(),
      conflict: this.#conflicts.first(head, record.finding()),
      shown: this.#shown.above(head),
      gapFailures: this.#gapFailures.current(),
      answers: this.#answers,
      backupSets: this.#backupSets(),
      quorum: this.#options.startWithoutBackups === head.hash ? 'none' : this.#options.quorum,
      rounds: this.#rounds.times(),
      isAskDue: this.#isAskDue(),
      nowMs: clock.monotonicMs(),
      blockTimeMs: this.#options.blockTimeMs,
      stateAtHead: state.isReadable(head.hash),
      unknownHash: chain.unknownHash(head.number - BLOCK_HASHES_DEPTH, head.number),
      clockFault: peers.clockFault(head),
      scheduleNamesUs: this.#options.scheduleNamesUs(head.number + 1n),
      sequencing: this.#sequencing,
      diskFull: !this.#deps.diskHasRoom(),
      foreign: this.#foreign,
      giveUpAbove: this.#options.giveUpAbove
    }
  }

  /** The state rows' input as of now. */
  stateFindings(): StateFindings {
    const target = this.#shown.above(this.#deps.chain.head())[0]?.block.number
    return gatherStateFindings(this.#deps, this.#failedWays, target)
  }

  /** Whoever goes from now on counts as not asked when it comes back, whatever comes of the round. */
  noteRoundBegun(peers: readonly string[]): void {
    this.#peersOfRound = new Set(peers)
  }

  /** Takes in what a round brought: answers, shown blocks, conflicts. A new answer lets failed work match again. */
  noteRound(round: TipRound): void {
    const head = this.#deps.chain.head()
    // A round that began before the process stood still says what was so then.
    this.#answers = round.startedMs < this.#answersFromMs ? new Map() : round.answers
    this.#askedPeers = this.#peersOfRound
    this.#roundsCount += 1
    const { missing } = quorumState(this.blockFindings())
    this.#rounds.add(round, missing.length === 0)
    for (const { block, peer } of round.shown) this.#shown.note(block, peer)
    for (const conflict of round.conflicts) this.noteConflict(conflict)
    this.#shown.dropUpTo(head)
  }

  /** The head moved: what peers said of the old one does not count for the new one. */
  forgetAnswers(): void {
    this.#answers = new Map()
  }

  /** The process stood still: what was said before that, in a round that still runs too, may be old. */
  notePause(): void {
    this.#answersFromMs = this.#deps.clock.monotonicMs()
    this.#roundsCount = 0
    this.forgetAnswers()
  }

  /** Peers came or went: what nobody could serve may be served now. */
  peersChanged(): void {
    this.#gapFailures.clear()
    this.#failedWays.clear()
    this.#conflicts.retrace()
    const connected = new Set(this.#deps.peers.connected())
    const staying = (peers: ReadonlySet<string>) =>
      new Set([...peers].filter((peer) => connected.has(peer)))
    this.#askedPeers = staying(this.#askedPeers)
    this.#peersOfRound = staying(this.#peersOfRound)
  }

  /** A whole new recovery in the same process: rounds and answers start over. */
  restart(): void {
    this.#rounds.reset()
    this.#roundsCount = 0
    this.#startedMs = this.#deps.clock.monotonicMs()
    this.#answers = new Map()
    this.#shown.clear()
    this.#gapFailures.clear()
    this.#failedWays.clear()
  }

  noteConflict(conflict: Conflict): void {
    this.#conflicts.note(conflict)
  }

  /** A sequencer stops at conflicts (row 1); a backup keeps the branch that it accepted first. */
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

  /** A block of our key came while the gate is shut, by whatever way, and we did not know of it. */
  noteArrived(hash: Hex): void {
    this.#rounds.noteArrived(hash)
  }

  noteGapFailure(failure: GapFailure): void {
    this.#gapFailures.note(failure)
  }

  /** True when something came up that keeps the gate shut whatever the rows said before. */
  isBarred(): boolean {
    return this.#foreign !== undefined || this.#conflicts.size > 0 || !this.#sequencing
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
    this.#rounds.reset()
    this.#gapFailures.clear()
  }

  /** The backups that count now. */
  backups(): readonly string[] {
    return this.#deps.backups()
  }

  /** Connected peers that were never asked since they connected. */
  unasked(): readonly string[] {
    return this.#deps.peers.connected().filter((peer) => !this.#askedPeers.has(peer))
  }

  /** They were asked outside of a round: what they say of our head is not part of any answer. */
  noteAsked(peers: readonly string[]): void {
    this.#askedPeers = new Set([...this.#askedPeers, ...peers])
  }

  /** The last answers, for status. */
  answers(): ReadonlyMap<string, TipAnswer> {
    return this.#answers
  }

  noteForeign(foreign: ForeignBlock): void {
    this.#foreign ??= foreign
  }

  /** A way of rebuilding state that did not give the head's root. */
  noteStateFailure(way: StateWay): void {
    this.#failedWays.add(way)
  }

  /** Conflicting branches seen so far, for status. */
  conflicts(): readonly Conflict[] {
    return this.#conflicts.all()
  }

  /** The gate opens under this set of backups: it is the one that counts from here on. */
  async adoptBackups(backups: readonly string[]): Promise<void> {
    await this.#deps.storedBackups.save(backups)
  }

  #isAskDue(): boolean {
    const { clock, peers } = this.#deps
    const isOver = clock.monotonicMs() - this.#startedMs >= FIRST_ASK_GRACE_MS
    const counted = this.#backupSets().flatMap(({ backups }) => backups)
    const dialled = [...counted, ...this.#options.configuredPeers]
    const isComplete = dialled.every((peer) => this.#askedPeers.has(peer))
    if (!isComplete && !isOver) return true
    return this.#roundsCount === 0 && peers.connected().length > 0
  }

  #backupSets(): readonly BackupSet[] {
    const backups = this.#deps.backups()
    const configured: BackupSet = { name: 'configured', backups }
    const stored = this.#deps.storedBackups.load()
    if (stored === undefined || isSameSet(stored, backups)) return [configured]
    return [configured, { name: 'stored', backups: stored }]
  }
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item))
}
