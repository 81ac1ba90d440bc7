// Who was asked, what they said, and what the rounds of asking add up to (decide/quorum.ts).
import { type Hex } from '../../base/bytes.ts'
import { Backoff } from '../../base/backoff.ts'
import { type Clock } from '../../base/clock.ts'
import { type BackupSet, type BlockFindings, type TipAnswer } from '../decide/findings.ts'
import { type RecoveryPeers, type StoredBackups } from './ports.ts'
import { createRoundLog } from './rounds.ts'
import { type TipRound } from './tips.ts'

/** So long configured peers may take to connect before the first round counts without them. */
const FIRST_ASK_GRACE_MS = 5_000
/** So long a node without a quorum waits for somebody to be there before it goes by what it has itself. */
const ANSWER_WAIT_MAX_MS = 600_000
/** Pauses between two rounds of a backup that none of those whom its operator named has answered yet. */
const UNHEARD_ASK = { minMs: 500, maxMs: 10_000 }

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

/** What status says of those who were asked. */
export interface PeersSpoken {
  /** What each peer said in the last round. */
  readonly answers: ReadonlyMap<string, TipAnswer>
  /** Connected peers that have spoken for their store since they connected. */
  readonly heard: ReadonlySet<string>
  /** True while a connected peer was not asked yet. */
  readonly hasUnasked: boolean
}

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
  /** Spoke for their store since they connected. */
  #heardPeers: ReadonlySet<string> = new Set()
  /** Do not speak `signed_tip`, as far as was seen when they were asked. */
  #mutePeers: ReadonlySet<string> = new Set()
  /** When to ask again while none of the named has spoken, and how long after that. */
  #unheardDueMs = 0
  readonly #unheardBackoff = new Backoff(UNHEARD_ASK)
  /** Said since they were asked last that they speak it: what was said before is answered by that. */
  readonly #spokeUp = new Set<string>()
  #startedMs: number
  /** The round under way counts for nothing: it began before the process stood still, or before all started over. */
  #isRoundStale = false
  #roundsCount = 0

  /** `configuredPeers` are those that an operator named besides the backups. */
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

  /** Who said what, and who has not been asked, for status. */
  spoken(): PeersSpoken {
    const hasUnasked = this.unasked().length > 0
    return { answers: this.#answers, heard: this.#heardPeers, hasUnasked }
  }

  /** A peer that disconnects from now on counts as not asked when it comes back, however the round ends. */
  noteRoundBegun(peers: readonly string[]): void {
    this.#peersOfRound = new Set(peers)
    this.#isRoundStale = false
    this.#spokeUp.clear()
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
    this.#unheardDueMs = this.#deps.clock.monotonicMs() + this.#unheardBackoff.next()
  }

  /** They are asked outside of a round: what they say of our head is not part of any answer. */
  noteAsked(peers: readonly string[]): void {
    this.#askedPeers = new Set([...this.#askedPeers, ...peers])
    this.#silentPeers = new Set([...this.#silentPeers, ...peers])
    for (const peer of peers) this.#spokeUp.delete(peer)
  }

  /** Of those asked outside of a round, these spoke for their store. */
  noteSpoken(answers: ReadonlyMap<string, TipAnswer>): void {
    const silent = new Set(this.#silentPeers)
    const heard = new Set(this.#heardPeers)
    const mute = new Set(this.#mutePeers)
    for (const [peer, { kind }] of answers) {
      const isMute = kind === 'not-spoken'
      if (isMute) mute.add(peer)
      else mute.delete(peer)
      // A peer that went meanwhile and came back may be another process.
      if (kind === 'answered' && this.#askedPeers.has(peer)) heard.add(peer)
      if (kind === 'answered' || isMute) silent.delete(peer)
      else silent.add(peer)
    }
    this.#silentPeers = silent
    this.#heardPeers = heard
    this.#mutePeers = mute
    for (const peer of this.#spokeUp) this.noteSpeaks(peer)
  }

  /** The peer says that it speaks `signed_tip`: true if it did not when it was asked, and so counts as not asked. */
  noteSpeaks(peer: string): boolean {
    this.#spokeUp.add(peer)
    if (!this.#mutePeers.has(peer)) return false
    this.#mutePeers = without(this.#mutePeers, peer)
    this.#askedPeers = without(this.#askedPeers, peer)
    return true
  }

  /**
   * Milliseconds until everybody is to be asked again: 0 or less where somebody was not asked, or where of those whom
   * an operator named none has spoken, some are there, and the pause is over. Infinity where nothing is to be asked.
   */
  askInMs(): number {
    if (this.unasked().length > 0) return 0
    const named = this.#named()
    if (named.some((peer) => this.#heardPeers.has(peer))) return Infinity
    if (!this.silent().some((peer) => named.includes(peer))) return Infinity
    return this.#unheardDueMs - this.#deps.clock.monotonicMs()
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

  /** A peer that has gone has to be asked again when it comes back. */
  peersChanged(): void {
    const connected = new Set(this.#deps.peers.connected())
    const staying = (peers: ReadonlySet<string>) =>
      new Set([...peers].filter((peer) => connected.has(peer)))
    this.#askedPeers = staying(this.#askedPeers)
    this.#peersOfRound = staying(this.#peersOfRound)
    this.#silentPeers = staying(this.#silentPeers)
    this.#heardPeers = staying(this.#heardPeers)
    this.#mutePeers = staying(this.#mutePeers)
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

  /**
   * Where there is no quorum: everybody whom an operator named was asked and one of them was there, or that took too
   * long. What strangers say settles nothing.
   */
  isSettled(): boolean {
    if (this.#deps.clock.monotonicMs() - this.#startedMs >= ANSWER_WAIT_MAX_MS) return true
    const isThere = (peer: string) => {
      const kind = this.#answers.get(peer)?.kind
      return kind === 'answered' || kind === 'cannot-say'
    }
    return this.#areNamedAsked() && this.#named().some(isThere)
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
    if (!this.#areNamedAsked() && !isOver) return true
    return this.#roundsCount === 0 && peers.connected().length > 0
  }

  #areNamedAsked(): boolean {
    return this.#named().every((peer) => this.#askedPeers.has(peer))
  }

  #named(): readonly string[] {
    const counted = this.#backupSets().flatMap(({ backups }) => backups)
    return [...counted, ...this.#configuredPeers]
  }

  #backupSets(): readonly BackupSet[] {
    const backups = this.#deps.backups()
    const others = this.#deps.storedBackups.load().filter((stored) => !isSameSet(stored, backups))
    const stored = others.map((set): BackupSet => ({ name: 'stored', backups: set }))
    return [{ name: 'configured', backups }, ...stored]
  }
}

function without(peers: ReadonlySet<string>, peer: string): ReadonlySet<string> {
  return new Set([...peers].filter((one) => one !== peer))
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item))
}
