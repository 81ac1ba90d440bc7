// What peers say of themselves in `status`: hints for planning, and their clocks.
import { type Clock } from '../base/clock.ts'
import { LruMap } from '../base/lru.ts'
import { type Status } from '../../protocols/status/codec.ts'
import { type ClockReading } from '../recovery/knowledge/clock-fault.ts'
import { replicatedHead } from '../recovery/knowledge/replicated-head.ts'
import { type StatusTiming } from '../sync/status-loop.ts'

interface Claim {
  readonly status: Status
  readonly tripMs: number
  /** Our monotonic clock at the middle of the exchange: that one is never set. */
  readonly takenMs: number
}

/** An older reading says nothing of clocks that may have been set since. */
const READING_AGE_MAX_MS = 30_000

/** Strangers whose claims are kept; more than may be connected. What is left of one that went drops out here. */
export const STRANGER_CLAIMS_MAX = 1_000

/** The last status of every connected peer. Strangers push out strangers only. */
export class PeerClaims {
  readonly #clock: Clock
  readonly #isConfigured: (peer: string) => boolean
  /** As many as there are configured peers. */
  readonly #configured = new Map<string, Claim>()
  readonly #strangers = new LruMap<string, Claim>(STRANGER_CLAIMS_MAX)

  constructor(clock: Clock, isConfigured: (peer: string) => boolean = () => true) {
    this.#clock = clock
    this.#isConfigured = isConfigured
  }

  note(peer: string, status: Status, { tripMs }: StatusTiming): void {
    const takenMs = this.#clock.monotonicMs() - tripMs / 2
    const claims = this.#isConfigured(peer) ? this.#configured : this.#strangers
    claims.set(peer, { status, tripMs, takenMs })
  }

  forget(peer: string): void {
    this.#configured.delete(peer)
    this.#strangers.delete(peer)
  }

  status(peer: string): Status | undefined {
    return this.#claim(peer)?.status
  }

  clockReadings(peers: readonly string[]): readonly ClockReading[] {
    const nowMs = this.#clock.monotonicMs()
    return peers.flatMap((peer) => {
      const claim = this.#claim(peer)
      const ageMs = claim === undefined ? Infinity : nowMs - claim.takenMs
      if (claim === undefined || ageMs > READING_AGE_MAX_MS) return []
      const offsetMs = Number(claim.status.clockMs) + ageMs - this.#clock.nowMs()
      return [{ peer, offsetMs, tripMs: claim.tripMs }]
    })
  }

  /** The highest block that any peer claims to hold; 0 when none claims any. */
  highestClaimed(): bigint {
    const strangers = Array.from(this.#strangers.entries(), ([, claim]) => claim)
    return highestOf([...this.#configured.values(), ...strangers])
  }

  /** The highest block that one of these claims to hold; 0 when none claims any. Nobody else's word counts. */
  highestOfPeers(peers: readonly string[]): bigint {
    return highestOf(peers.flatMap((peer) => this.#claim(peer) ?? []))
  }

  /** What a majority of the backups reports accepted. */
  replicatedHead(backups: readonly string[]): bigint | undefined {
    return replicatedHead(backups.map((backup) => this.#claim(backup)?.status.acceptedNumber))
  }

  /** One that was made a backup after it had said so is still among the strangers. */
  #claim(peer: string): Claim | undefined {
    return this.#configured.get(peer) ?? this.#strangers.get(peer)
  }
}

function highestOf(claims: readonly Claim[]): bigint {
  let highest = 0n
  for (const { status } of claims) {
    for (const number of [status.unsafeNumber, status.acceptedNumber ?? 0n]) {
      if (number > highest) highest = number
    }
  }
  return highest
}
