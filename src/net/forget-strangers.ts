// Strangers are removed from libp2p's peer store, which would keep them for good, some time after they have gone.
import { type Libp2p } from '@libp2p/interface'

/** Identify may still be writing down a peer that has just left. */
const FORGET_AFTER_MS = 10_000

/** From now on. Kept peers stay in the store. */
export function forgetStrangers(
  host: Pick<Libp2p, 'addEventListener' | 'getConnections' | 'peerStore'>,
  isKept: (peer: string) => boolean
): void {
  host.addEventListener('peer:disconnect', ({ detail: peer }) => {
    const timer = setTimeout(() => {
      if (isKept(peer.toString()) || host.getConnections(peer).length > 0) return
      host.peerStore.delete(peer).catch(() => undefined) // it was never written down
    }, FORGET_AFTER_MS)
    timer.unref()
  })
}
