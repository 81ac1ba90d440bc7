// Keeps a connection to every configured peer: dials at once, and again with backoff for as long as it runs.
import { multiaddr } from '@multiformats/multiaddr'
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { type Random, systemRandom } from '../base/random.ts'
import { type Service } from '../base/service.ts'
import { type ParsedPeer } from './peer-address.ts'

/** First pause after a failed dial; doubles up to DIAL_BACKOFF_MAX_MS. */
export const DIAL_BACKOFF_MIN_MS = 250
/** The longest pause between two dials of one peer. */
export const DIAL_BACKOFF_MAX_MS = 5_000

/** Two nodes that dial each other shall not go on doing so at the same moments. */
const JITTER_PART = 0.25

/** The host as the dialer needs it. */
export interface Dialling {
  isConnected(peerId: string): boolean
  /** Resolves when the peer's last connection has closed. */
  untilDisconnected(peerId: string, signal: AbortSignal): Promise<void>
  dial(address: ReturnType<typeof multiaddr>, signal: AbortSignal): Promise<unknown>
}

/** What the dialer stands on. */
export interface DialerDeps {
  readonly clock: Clock
  readonly log: Log
  readonly host: Dialling
}

/** One task for each peer, until the signal aborts. */
export function createDialer(
  { clock, log, host }: DialerDeps,
  peers: readonly ParsedPeer[],
  { random = systemRandom }: { readonly random?: Random } = {}
): Service {
  async function keep({ multiaddr: address, peerId }: ParsedPeer, signal: AbortSignal) {
    let backoffMs = DIAL_BACKOFF_MIN_MS
    while (!signal.aborted) {
      try {
        if (host.isConnected(peerId)) {
          const connectedMs = clock.monotonicMs()
          await host.untilDisconnected(peerId, signal)
          // One that is sent away at once, as of another chain, is not dialled again at once.
          const isLasting = clock.monotonicMs() - connectedMs >= DIAL_BACKOFF_MAX_MS
          if (isLasting) backoffMs = DIAL_BACKOFF_MIN_MS
        } else {
          await host.dial(multiaddr(address), signal)
        }
      } catch (thrown) {
        if (signal.aborted) return
        log.debug('dial-failed', { peer: peerId, address, reason: errorMessage(thrown) })
      }
      if (host.isConnected(peerId)) continue
      const jitterMs = random.below(Math.ceil(backoffMs * JITTER_PART))
      await clock.sleep(backoffMs + jitterMs, signal).catch(() => undefined) // aborted: the loop ends
      backoffMs = Math.min(2 * backoffMs, DIAL_BACKOFF_MAX_MS)
    }
  }
  return {
    async run(signal) {
      await Promise.all(peers.map((peer) => keep(peer, signal)))
    }
  }
}
