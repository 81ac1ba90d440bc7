// What peers say of themselves in `status`: hints for planning, and their clocks (recovery.md, row 3).
import { type Status } from '../../protocols/status/codec.ts'
import { type ClockReading } from '../recovery/clock-fault.ts'
import { replicatedHead } from '../recovery/replicated-head.ts'
import { type StatusTiming } from '../sync/status-loop.ts'

interface Claim {
  readonly status: Status
  readonly reading: ClockReading
}

/** The last status of every connected peer. */
export class PeerClaims {
  readonly #claims = new Map<string, Claim>()

  note(peer: string, status: Status, { receivedMs, tripMs }: StatusTiming): void {
    const offsetMs = Number(status.clockMs) - (receivedMs - tripMs / 2)
    this.#claims.set(peer, { status, reading: { peer, offsetMs, tripMs } })
  }

  forget(peer: string): void {
    this.#claims.delete(peer)
  }

  status(peer: string): Status | undefined {
    return this.#claims.get(peer)?.status
  }

  clockReadings(peers: readonly string[]): readonly ClockReading[] {
    return peers.flatMap((peer) => this.#claims.get(peer)?.reading ?? [])
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
