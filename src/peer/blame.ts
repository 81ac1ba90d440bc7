// Who is to blame, and what follows: the one table of failures, and the peers that broke the protocol too often.
import { type Clock } from '../base/clock.ts'
import { LruMap } from '../base/lru.ts'
import { SerialExecutor } from '../base/serial.ts'

/** How much a fault counts. Heavy: false, or against the protocol. Light: slow. */
export type FaultWeight = 'heavy' | 'light' | 'none'

/** Kinds of failures. The code that sees a failure says which of these it is. */
export const FAULT_WEIGHTS = {
  /** It is no block message, or none that a signer of the schedule made. */
  'false-block': 'heavy',
  /** A block that does not bear out what was said with it. */
  'false-claim': 'heavy',
  /** By the headers, or once the state here that it was applied to proved to be the parent's (apply/). */
  'false-diff': 'heavy',
  /** Leaves that their proof does not bear out, a proof that is none, a node with another hash. */
  'false-state': 'heavy',
  'unrequested-item': 'heavy',
  'undecodable-chunk': 'heavy',
  'over-limit': 'heavy',
  stall: 'light',
  trickle: 'light',
  reset: 'light',
  unavailable: 'none',
  'rate-limited': 'none',
  'unsupported-protocol': 'none',
  /** Between blocks that are each signed as they must be: the signer's doing. */
  /** A signer of the schedule made it, and nobody else can have; or a fork made it right that is not known here. */
  'signers-doing': 'none',
  /** Our own mistake, a server in trouble, a connection that ended, a clock. */
  'no-fault': 'none'
} as const satisfies Readonly<Record<string, FaultWeight>>

/** Everything a peer can fail at. */
export type Fault = keyof typeof FAULT_WEIGHTS

/** The heavy fault that has consequences. */
export const HEAVY_FAULTS_MAX = 3
/** How long they last. */
export const BAN_MS = 60 * 60 * 1_000
/** Light faults are forgotten after so long without another one. */
export const LIGHT_FAULT_MS = 10 * 60 * 1_000
/** Strangers without a ban that are remembered; beyond, one that was not heard of for longest is forgotten. */
export const BLAMED_PEERS_MAX = 1_000
/** Strangers that are banned, apart from those; beyond, one that nobody saw for longest is forgotten. */
const BANNED_PEERS_MAX = 1_000
/** Configured peers that are remembered: all that there may be, and some that were taken out. */
const CONFIGURED_PEERS_MAX = 256

/** What is kept of a peer across restarts. */
export interface BlamedPeer {
  readonly peer: string
  /** Since the last ban, 0 to HEAVY_FAULTS_MAX - 1. */
  readonly heavyCount: number
  /** Wall clock; 0 when there was none. */
  readonly bannedUntilMs: number
}

/** Where it is kept. */
export interface BlameStore {
  load(): readonly BlamedPeer[] | undefined
  save(peers: readonly BlamedPeer[]): Promise<void>
}

/**
 * What follows from a fault. later: it is asked after others. counted: it counts towards a ban. banned:
 * disconnected, and refused for BAN_MS. benched, for a configured peer: no bulk requests for BAN_MS.
 */
export type Consequence = 'none' | 'later' | 'counted' | 'banned' | 'benched'

/** Dependencies of the blame. */
export interface BlameDeps {
  readonly clock: Clock
  readonly store: BlameStore
  readonly onSaveFailed: (thrown: unknown) => void
}

interface Standing {
  heavyCount: number
  bannedUntilMs: number
  lightCount: number
  /** Monotonic. */
  lightMs: number
}

/** A save that runs and one that waits, which will write whatever comes meanwhile. */
const SAVES_MAX = 2

/** Keeps count. */
export class Blame {
  readonly #deps: BlameDeps
  readonly #isConfigured: (peer: string) => boolean
  /** Apart, so that no number of strangers makes a bench or a ban forgotten. */
  readonly #configured = new LruMap<string, Standing>(CONFIGURED_PEERS_MAX)
  readonly #banned = new LruMap<string, Standing>(BANNED_PEERS_MAX)
  readonly #strangers = new LruMap<string, Standing>(BLAMED_PEERS_MAX)
  readonly #saves = new SerialExecutor('blame', SAVES_MAX)

  /**
   * Reads what was kept. A clock that was put back does not lengthen a ban. `isConfigured` is asked each time,
   * since an operator may add backups. Throws what the store throws.
   */
  constructor(deps: BlameDeps, isConfigured: (peer: string) => boolean) {
    this.#deps = deps
    this.#isConfigured = isConfigured
    const latestMs = deps.clock.nowMs() + BAN_MS
    for (const { peer, heavyCount, bannedUntilMs } of deps.store.load() ?? []) {
      const standing = { heavyCount, bannedUntilMs: Math.min(bannedUntilMs, latestMs) }
      this.#place(peer, { ...standing, lightCount: 0, lightMs: 0 })
    }
  }

  /** Counts a fault and says what follows; a heavy one is written to disk in the background. */
  note(peer: string, fault: Fault): Consequence {
    const { clock } = this.#deps
    const weight = FAULT_WEIGHTS[fault]
    if (weight === 'none') return 'none'
    const standing = this.#standing(peer)
    if (weight === 'light') {
      standing.lightCount = this.lightCount(peer) + 1
      standing.lightMs = clock.monotonicMs()
      return 'later'
    }
    if (this.#isOut(peer)) return 'counted'
    standing.heavyCount++
    const isOut = standing.heavyCount >= HEAVY_FAULTS_MAX
    if (isOut) {
      standing.heavyCount = 0
      standing.bannedUntilMs = clock.nowMs() + BAN_MS
      this.#place(peer, standing)
    }
    this.#save()
    if (!isOut) return 'counted'
    return this.#isConfigured(peer) ? 'benched' : 'banned'
  }

  /** True for a peer that is to be refused. Never a configured one. */
  isBanned(peer: string): boolean {
    return !this.#isConfigured(peer) && this.#isOut(peer)
  }

  /** Those that are to be refused now. */
  banned(): readonly string[] {
    return [...this.#banned.keys()].filter((peer) => this.isBanned(peer))
  }

  /** True for a configured peer that is to be spared bulk requests. */
  isBenched(peer: string): boolean {
    return this.#isConfigured(peer) && this.#isOut(peer)
  }

  /** True for a configured peer that is not benched. */
  isTrusted(peer: string): boolean {
    return this.#isConfigured(peer) && !this.#isOut(peer)
  }

  /** Light faults that are not forgotten yet. */
  lightCount(peer: string): number {
    const standing = this.#find(peer)
    if (standing === undefined) return 0
    const isRecent = this.#deps.clock.monotonicMs() - standing.lightMs < LIGHT_FAULT_MS
    return isRecent ? standing.lightCount : 0
  }

  /** Settles once what was noted so far is on disk, or could not be written. */
  async saved(): Promise<void> {
    await this.#saves.idle()
  }

  #isOut(peer: string): boolean {
    return (this.#find(peer)?.bannedUntilMs ?? 0) > this.#deps.clock.nowMs()
  }

  #standing(peer: string): Standing {
    const known = this.#find(peer)
    // It may have become a backup since.
    if (known !== undefined && this.#isConfigured(peer)) this.#place(peer, known)
    if (known !== undefined) return known
    const fresh = { heavyCount: 0, bannedUntilMs: 0, lightCount: 0, lightMs: 0 }
    this.#place(peer, fresh)
    return fresh
  }

  #find(peer: string): Standing | undefined {
    return this.#configured.get(peer) ?? this.#banned.get(peer) ?? this.#strangers.get(peer)
  }

  /** Where its standing says that it belongs now. */
  #place(peer: string, standing: Standing): void {
    for (const peers of [this.#configured, this.#banned, this.#strangers]) peers.delete(peer)
    if (this.#isConfigured(peer)) this.#configured.set(peer, standing)
    else if (standing.bannedUntilMs > this.#deps.clock.nowMs()) this.#banned.set(peer, standing)
    else this.#strangers.set(peer, standing)
  }

  #save(): void {
    if (this.#saves.jobsCount >= SAVES_MAX) return
    const { store, onSaveFailed } = this.#deps
    this.#saves.run(() => store.save(this.#kept())).catch(onSaveFailed)
  }

  /** Peers with heavy faults or a ban; of each sort the longest not heard of first. */
  #kept(): readonly BlamedPeer[] {
    const nowMs = this.#deps.clock.nowMs()
    const all = [this.#configured, this.#banned, this.#strangers].flatMap((peers) => [
      ...peers.entries()
    ])
    return Array.from(all, ([peer, { heavyCount, bannedUntilMs }]) => ({
      peer,
      heavyCount,
      bannedUntilMs
    })).filter(({ heavyCount, bannedUntilMs }) => heavyCount > 0 || bannedUntilMs > nowMs)
  }
}
