// Keeps a connection to every configured peer that has an address: dials at once, and again with backoff for as long as it runs.
import { multiaddr } from '@multiformats/multiaddr'
import { Backoff } from '../base/backoff.ts'
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { type Random, systemRandom } from '../base/random.ts'
import { type Service } from '../base/service.ts'
import { isDialled, type ParsedPeer } from './peer-address.ts'

/** First pause after a failed dial; doubles up to DIAL_BACKOFF_MAX_MS. */
export const DIAL_BACKOFF_MIN_MS = 250
/** The longest pause between two dials of one peer. */
export const DIAL_BACKOFF_MAX_MS = 5_000

/** Two nodes that dial each other shall not go on doing so at the same moments. */
const JITTER_PART = 0.25

/** A peer that goes on failing is named again after so long, and no sooner for another reason. */
export const DIAL_FAILED_LINE_MS = 300_000
/** One that was reached meanwhile is named again after so long: it may come and go all the time. */
export const DIAL_FLAP_LINE_MS = 30_000

/** The host as the dialer needs it. */
export interface Dialling {
  isConnected(peerId: string): boolean
  /** Resolves when the peer's last connection has closed. */
  untilDisconnected(peerId: string, signal: AbortSignal): Promise<void>
  dial(address: ReturnType<typeof multiaddr>, signal: AbortSignal): Promise<unknown>
}

/** Dependencies of the dialer. */
export interface DialerDeps {
  readonly clock: Clock
  readonly log: Log
  readonly host: Dialling
}

/** Peers may come and go while it runs. */
export interface Dialer extends Service {
  /** From now on the peer is kept connected, at this address if it was kept before; one without an address is not. */
  add(peer: ParsedPeer): void
  /** The peer is dialled no more; a connection that stands is left alone. */
  remove(peerId: string): void
}

/** One task for each peer, until the signal aborts. Whoever adds peers bounds their number. */
export function createDialer(
  { clock, log, host }: DialerDeps,
  peers: readonly ParsedPeer[],
  { random = systemRandom }: { readonly random?: Random } = {}
): Dialer {
  const kept = new Map(peers.filter(isDialled).map((peer) => [peer.peerId, peer]))
  const stops = new Map<string, AbortController>()
  let begin: ((peer: ParsedPeer) => void) | undefined

  async function keep({ multiaddr: address, peerId }: ParsedPeer, signal: AbortSignal) {
    const backoff = new Backoff({ minMs: DIAL_BACKOFF_MIN_MS, maxMs: DIAL_BACKOFF_MAX_MS })
    const lines = createDialLines({ clock, log }, { peer: peerId, address })
    while (!signal.aborted) {
      try {
        if (host.isConnected(peerId)) {
          lines.reached()
          const connectedMs = clock.monotonicMs()
          await host.untilDisconnected(peerId, signal)
          // One that is sent away at once, as of another chain, is not dialled again at once.
          const isLasting = clock.monotonicMs() - connectedMs >= DIAL_BACKOFF_MAX_MS
          if (isLasting) backoff.reset()
        } else {
          await host.dial(multiaddr(address), signal)
        }
      } catch (thrown) {
        if (signal.aborted) return
        lines.failed(thrown)
      }
      if (host.isConnected(peerId)) continue
      await clock.sleep(withJitter(backoff.next(), random), signal).catch(() => undefined) // aborted: the loop ends
    }
  }
  function stop(peerId: string) {
    stops.get(peerId)?.abort(new Error('the peer is not dialled any more, or elsewhere'))
    stops.delete(peerId)
  }

  return {
    add(peer) {
      if (kept.get(peer.peerId)?.multiaddr === peer.multiaddr) return
      stop(peer.peerId)
      kept.delete(peer.peerId)
      if (!isDialled(peer)) return
      kept.set(peer.peerId, peer)
      begin?.(peer)
    },
    remove(peerId) {
      kept.delete(peerId)
      stop(peerId)
    },
    async run(signal) {
      const tasks: Promise<void>[] = []
      await new Promise<void>((resolve, reject) => {
        begin = (peer) => {
          const stopping = new AbortController()
          stops.set(peer.peerId, stopping)
          const task = keep(peer, AbortSignal.any([signal, stopping.signal]))
          task.catch(reject)
          tasks.push(task)
        }
        for (const peer of kept.values()) begin(peer)
        const end = () => {
          resolve()
        }
        signal.addEventListener('abort', end, { once: true })
        if (signal.aborted) end()
      })
      begin = undefined
      await Promise.all(tasks)
    }
  }
}

function withJitter(pauseMs: number, random: Random): number {
  return pauseMs + random.below(Math.ceil(pauseMs * JITTER_PART))
}

/** A warning when dialling begins to fail, a line when the peer is reached after all; each try between is for debug. */
function createDialLines(
  { clock, log }: Pick<DialerDeps, 'clock' | 'log'>,
  peer: { readonly peer: string; readonly address: string }
) {
  let warnedMs: number | undefined
  let isFailing = false
  return {
    failed(thrown: unknown): void {
      const nowMs = clock.monotonicMs()
      const facts = { ...peer, reason: dialReason(thrown) }
      const pauseMs = isFailing ? DIAL_FAILED_LINE_MS : DIAL_FLAP_LINE_MS
      const isDue = warnedMs === undefined || nowMs - warnedMs >= pauseMs
      isFailing = true
      if (!isDue) {
        log.debug('dial-failed', facts)
        return
      }
      warnedMs = nowMs
      log.warn('dial-failed', facts)
    },
    reached(): void {
      if (isFailing) log.info('dial-succeeded', peer)
      isFailing = false
    }
  }
}

/** Several addresses of one name fail with one error each. */
function dialReason(thrown: unknown): string {
  if (!(thrown instanceof AggregateError) || thrown.errors.length === 0) return errorMessage(thrown)
  return [...new Set(thrown.errors.map(errorMessage))].join(', ')
}
