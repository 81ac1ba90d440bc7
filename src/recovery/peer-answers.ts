// Who was asked, what they said, and what the rounds of asking add up to (recovery.md, row 6).
import { type Hex } from '../base/bytes.ts'
import { type Clock } from '../base/clock.ts'
import { type BackupSet, type BlockFindings, type TipAnswer } from './findings.ts'
import { type RecoveryPeers, type StoredBackups } from './ports.ts'
import { createRoundLog } from './rounds.ts'
import { type TipRound } from './tips.ts'

/** So long configured peers may take to connect before the first round counts without them. */
const FIRST_ASK_GRACE_MS = 5_000
/** So long a node without a quorum waits for somebody to be there before it goes by what it has itself. */
const ANSWER_WAIT_MAX_MS = 600_000

/** Where it is read who is there, and who counts. */
export interface PeerAnswersDeps {
  readonly clock: Clock
  readonly peers: Pick<RecoveryPeers, 'connected'>
  readonly storedBackups: StoredBackups
  /** Peer ids of the backups as they are configured now; an operator may add to them at any time. */
  readonly backups: () => readonly string[]
}

/** What the decision reads of it. */
export type AnswerFindings = Pick<
  BlockFindings,
  'answers' | 'backupSets' | 'rounds' | 'isAskDue' | 'nowMs'
>

/** One per node. */
export class PeerAnswers {
  readonly #deps: PeerAnswersDeps
  readonly #configuredPeers: readonly string[]
  readonly #rounds = createRoundLog()
  #answers: ReadonlyMap<string, TipAnswer> = new Map()
  #askedPeers: ReadonlySet<string> = new Set()
  /** Those of the round under way that stayed connected since it began. */
  #peersOfRound: ReadonlySet<string> = new Set()
  /** Asked, and not heard of their store since. */
  #silentPeers: ReadonlySet<string> = new Set()
  #startedMs: number
  /** The round under way counts for nothing: it began before the process stood still, or before all started over. */
  #isRoundStale = false
  #roundsCount = 0

  /** `configuredPeers` are dialled besides the backups. */
  constructor(deps: PeerAnswersDeps, configuredPeers: readonly string[]) {
    this.#deps = deps
    this.#configuredPeers = configuredPeers
    this.#startedMs = deps.clock.monotonicMs()
  }

  /** As of now. */
  findings(): AnswerFindings {
    return {
      answers: this.#answers,
      backupSets: this.#backupSets(),
      rounds: this.#rounds.times(),
      isAskDue: this.#isAskDue(),
      nowMs: this.#deps.clock.monotonicMs()
    }
  }

  /** The last answers, for status. */
  all(): ReadonlyMap<string, TipAnswer> {
    return this.#answers
  }

  /** Whoever goes from now on counts as not asked when it comes back, whatever comes of the round. */
  noteRoundBegun(peers: readonly string[]): void {
    this.#peersOfRound = new Set(peers)
    this.#isRoundStale = false
  }

  /** `isFull` is asked once the answers are in: true when they are the quorum's. */
  noteRound(round: TipRound, isFull: () => boolean): void {
    // Such a round says what was so then.
    this.#answers = this.#isRoundStale ? new Map() : round.answers
    this.#askedPeers = this.#peersOfRound
    this.#silentPeers = new Set()
    this.noteSpoken(round.answers)
    this.#roundsCount += this.#isRoundStale ? 0 : 1
    this.#rounds.add(round, isFull())
  }

  /** They are asked outside of a round: what they say of our head is not part of any answer. */
  noteAsked(peers: readonly string[]): void {
    this.#askedPeers = new Set([...this.#askedPeers, ...peers])
    this.#silentPeers = new Set([...this.#silentPeers, ...peers])
  }

  /** Of those asked outside of a round, these spoke for their store. */
  noteSpoken(answers: ReadonlyMap<string, TipAnswer>): void {
    const silent = new Set(this.#silentPeers)
    for (const [peer, { kind }] of answers) {
      if (kind === 'answered') silent.delete(peer)
      else silent.add(peer)
    }
    this.#silentPeers = silent
  }

  /** Connected peers that were asked and have not spoken for their store yet: they may hold what nobody showed. */
  silent(): readonly string[] {
    return this.#deps.peers.connected().filter((peer) => this.#silentPeers.has(peer))
  }

  /** A block of our key came while the gate is shut, by whatever way, and we did not know of it. */
  noteArrived(hash: Hex): void {
    this.#rounds.noteArrived(hash)
  }

  /** The process stood still: what was said before that, in a round that still runs too, may be old. */
  notePause(): void {
    this.#isRoundStale = true
    this.#roundsCount = 0
    this.forget()
  }

  /** The head moved: what peers said of the old one does not count for the new one. */
  forget(): void {
    this.#answers = new Map()
  }

  /** Whoever went has to be asked again when it comes back. */
  peersChanged(): void {
    const connected = new Set(this.#deps.peers.connected())
    const staying = (peers: ReadonlySet<string>) =>
      new Set([...peers].filter((peer) => connected.has(peer)))
    this.#askedPeers = staying(this.#askedPeers)
    this.#peersOfRound = staying(this.#peersOfRound)
    this.#silentPeers = staying(this.#silentPeers)
  }

  /** Backups were added or removed: the rounds so far did not ask the set that counts now. */
  backupsChanged(): void {
    this.#rounds.reset()
  }

  /** A whole new recovery in the same process: rounds and answers start over. */
  restart(): void {
    this.#rounds.reset()
    this.#isRoundStale = true
    this.#roundsCount = 0
    this.#startedMs = this.#deps.clock.monotonicMs()
    this.forget()
  }

  /** Connected peers that were never asked since they connected. */
  unasked(): readonly string[] {
    return this.#deps.peers.connected().filter((peer) => !this.#askedPeers.has(peer))
  }

  /** Where there is no quorum: everybody who is dialled was asked and somebody was there, or that took too long. */
  isSettled(): boolean {
    if (this.#deps.clock.monotonicMs() - this.#startedMs >= ANSWER_WAIT_MAX_MS) return true
    const answers = [...this.#answers.values()]
    return this.#areDialledAsked() && answers.some(({ kind }) => kind !== 'unreachable')
  }

  /** The backups that count now. */
  backups(): readonly string[] {
    return this.#deps.backups()
  }

  /** The gate is about to open under this set of backups. */
  async announceBackups(backups: readonly string[]): Promise<void> {
    await this.#deps.storedBackups.announce(backups)
  }

  /** It is open: the announced set is the one that counts from here on. */
  async settleBackups(): Promise<void> {
    await this.#deps.storedBackups.settle()
  }

  #isAskDue(): boolean {
    const { clock, peers } = this.#deps
    const isOver = clock.monotonicMs() - this.#startedMs >= FIRST_ASK_GRACE_MS
    if (!this.#areDialledAsked() && !isOver) return true
    return this.#roundsCount === 0 && peers.connected().length > 0
  }

  #areDialledAsked(): boolean {
    const counted = this.#backupSets().flatMap(({ backups }) => backups)
    const dialled = [...counted, ...this.#configuredPeers]
    return dialled.every((peer) => this.#askedPeers.has(peer))
  }

  #backupSets(): readonly BackupSet[] {
    const backups = this.#deps.backups()
    const others = this.#deps.storedBackups.load().filter((stored) => !isSameSet(stored, backups))
    const stored = others.map((set): BackupSet => ({ name: 'stored', backups: set }))
    return [{ name: 'configured', backups }, ...stored]
  }
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item))
}
