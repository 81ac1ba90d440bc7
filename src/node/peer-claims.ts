// What peers say of themselves in `status`: hints for planning, and their clocks (recovery.md, row 3).
import { type Clock } from '../base/clock.ts'
import { type Status } from '../../protocols/status/codec.ts'
import { type ClockReading } from '../recovery/clock-fault.ts'
import { replicatedHead } from '../recovery/replicated-head.ts'
import { type StatusTiming } from '../sync/status-loop.ts'

interface Claim {
  readonly status: Status
  readonly tripMs: number
  /** Our monotonic clock at the middle of the exchange: that one is never set. */
  readonly takenMs: number
}

/** An older reading says nothing of clocks that may have been set since. */
const READING_AGE_MAX_MS = 30_000

/** The last status of every connected peer. */
export class PeerClaims {
  readonly #clock: Clock
  readonly #claims = new Map<string, Claim>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  note(peer: string, status: Status, { tripMs }: StatusTiming): void {
    const takenMs = this.#clock.monotonicMs() - tripMs / 2
    this.#claims.set(peer, { status, tripMs, takenMs })
  }

  forget(peer: string): void {
    this.#claims.delete(peer)
  }

  status(peer: string): Status | undefined {
    return this.#claims.get(peer)?.status
  }

  clockReadings(peers: readonly string[]): readonly ClockReading[] {
    const nowMs = this.#clock.monotonicMs()
    return peers.flatMap((peer) => {
      const claim = this.#claims.get(peer)
      const ageMs = claim === undefined ? Infinity : nowMs - claim.takenMs
      if (claim === undefined || ageMs > READING_AGE_MAX_MS) return []
      const offsetMs = Number(claim.status.clockMs) + ageMs - this.#clock.nowMs()
      return [{ peer, offsetMs, tripMs: claim.tripMs }]
    })
  }

  /** The highest block that any peer claims to hold; 0 when none claims any. */
  highestClaimed(): bigint {
    let highest = 0n
    for (const { status } of this.#claims.values()) {
      for (const number of [status.unsafeNumber, status.acceptedNumber ?? 0n]) {
        if (number > highest) highest = number
      }
    }
    return highest
  }

  /** What a majority of the backups reports accepted. */
  replicatedHead(backups: readonly string[]): bigint | undefined {
    return replicatedHead(backups.map((backup) => this.#claims.get(backup)?.status.acceptedNumber))
  }
}
