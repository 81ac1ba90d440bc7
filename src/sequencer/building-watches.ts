// What ends building beside the block loop: a disk that gets full, and the end of our period of the schedule.
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { type Service } from '../base/service.ts'

/** Why building ends. */
export type BuildingFault = 'disk-full' | 'not-scheduled'

/** What both ask and tell. */
export interface BuildingWatchDeps {
  /** True while the gate is open; a shut one keeps the reason it was shut for. */
  readonly isOpen: () => boolean
  /** Shuts the gate. */
  readonly onFault: (fault: BuildingFault) => void
}

const DISK_CHECK_INTERVAL_MS = 2_000

/** Shuts the gate before a full disk makes a write fail half way. */
export function createDiskWatch(
  { clock, isOpen, onFault }: BuildingWatchDeps & { readonly clock: Clock },
  hasRoom: () => boolean
): Service {
  return {
    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(DISK_CHECK_INTERVAL_MS, signal).catch(() => undefined) // aborted: it ends
        if (!signal.aborted && isOpen() && !hasRoom()) onFault('disk-full')
      }
    }
  }
}

/** Who signs which height, as the schedule has it. */
export interface Period<Signer> {
  readonly own: Signer
  readonly signerAt: (number: bigint) => Signer
}

/** Hears each head: where our period ends, building ends, and the next sequencer takes over from our last block. */
export function createPeriodWatch<Signer>(
  { log, isOpen, onFault }: BuildingWatchDeps & { readonly log: Log },
  { own, signerAt }: Period<Signer>
): (head: { readonly number: bigint }) => void {
  return ({ number }) => {
    if (!isOpen()) return
    const next = signerAt(number + 1n)
    if (next === own) return
    log.warn('period-ended', { last: number, next })
    onFault('not-scheduled')
  }
}
