// Peer keys that two live processes use: named to the operator of each side, with what parts them.
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { LruMap } from '../base/lru.ts'
import { type Network } from '../net/network.ts'
import { type RequestFailure } from '../reqresp/request-error.ts'

/** What a process is answered that is not kept; by it the other side knows what is wrong. */
export const SHARED_KEY_REASON = 'another process with this peer key is connected'
/** After so long without another sign it is over; and one line in the log in so long. */
const TOLD_AGE_MAX_MS = 60_000
/** Peers that told us; the latest are shown. */
const TELLERS_MAX = 32
const EXIT =
  'stop one of the two, give it a peer.key of its own (rekindle key new --peer FILE), and name its new peer id where the old one is named: until then both count as one'

/** One peer key that is used twice. */
export interface SharedKey {
  readonly peerId: string
  /** Addresses of the connection that is kept, and of the one that is not; undefined where this node is one of the two. */
  readonly kept?: string
  readonly refused?: string
  /** Who said so, where this node is one of the two. */
  readonly toldBy?: readonly string[]
  readonly exit: string
}

/** Of one node. */
export interface SharedKeys {
  /** A request of ours failed: perhaps because another process uses our key. */
  noteFailure(failure: RequestFailure): void
  list(): readonly SharedKey[]
}

/** Reads what the network sees, and hears what peers say. */
export function createSharedKeys({
  clock,
  log,
  network
}: {
  readonly clock: Clock
  readonly log: Log
  readonly network: Pick<Network, 'peerId' | 'sharedPeerIds'>
}): SharedKeys {
  const { peerId } = network
  const toldMs = new LruMap<string, number>(TELLERS_MAX)
  let loggedMs = -Infinity
  const tellers = () => {
    const sinceMs = clock.monotonicMs() - TOLD_AGE_MAX_MS
    return [...toldMs.entries()].flatMap(([peer, ms]) => (ms >= sinceMs ? [peer] : []))
  }
  return {
    noteFailure(failure) {
      if (failure.code !== 'unavailable' || failure.reason !== SHARED_KEY_REASON) return
      const nowMs = clock.monotonicMs()
      toldMs.set(failure.peer, nowMs)
      if (nowMs - loggedMs < TOLD_AGE_MAX_MS) return
      loggedMs = nowMs
      log.error('peer-key-shared', { peer: peerId, toldBy: failure.peer, exit: EXIT })
    },
    list() {
      const seen = network.sharedPeerIds().map(({ peerId: id, kept, refused }): SharedKey => {
        return { peerId: id, kept, refused, exit: EXIT }
      })
      const toldBy = tellers()
      return toldBy.length === 0 ? seen : [...seen, { peerId, toldBy, exit: EXIT }]
    }
  }
}
