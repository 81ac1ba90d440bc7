// What keeps gossip with connected peers alive where gossipsub loses it: streams opened again, peers asked to begin anew.
import { type GossipSub } from '@chainsafe/libp2p-gossipsub'
import { type Connection, type Libp2p } from '@libp2p/interface'
import { type Clock } from '../base/clock.ts'
import {
  announceConnection,
  type GossipSubInternals,
  hasLiveStream,
  onStreamOpened
} from './gossip-internals.ts'
import { connectionsOf } from './peer-connections.ts'

/** A stream that ended sooner is opened again by the next round of repair, so that a peer cannot keep us busy. */
const REOPEN_MIN_LIFE_MS = 500

/** Both halves of the repair. */
export interface GossipRepair {
  /** Opens a stream to every connected peer that should have one and has none. */
  openStreams(): void
  /** A direct peer that is connected and was not subscribed at the check before either is asked to begin anew. */
  checkSubscriptions(): void
}

/** What the repair stands on. */
export interface GossipRepairDeps {
  readonly clock: Clock
  readonly host: Libp2p
  readonly pubsub: GossipSub
  readonly internals: GossipSubInternals
}

/** Streams that end are opened again at once; `topics` are those that every direct peer subscribes to. */
export function createGossipRepair(
  { clock, host, pubsub, internals }: GossipRepairDeps,
  topics: readonly string[]
): GossipRepair {
  const { protocols } = pubsub
  const speakers = watchSpeakers(host, protocols)
  keepPeerOnReadError({ host, internals }, protocols)
  let silentBefore = new Set<string>()

  function openStreams(): void {
    if (host.status !== 'started') return
    for (const connection of newestConnections(host)) {
      const peer = connection.remotePeer.toString()
      const isSpeaker = speakers.has(peer) || internals.direct.has(peer)
      if (!isSpeaker || hasLiveStream(internals, peer)) continue
      announceConnection(internals, protocols, connection)
    }
  }

  onStreamOpened(internals, (_, { rawStream }) => {
    const openedMs = clock.monotonicMs()
    rawStream.addEventListener('close', () => {
      if (clock.monotonicMs() - openedMs >= REOPEN_MIN_LIFE_MS) setImmediate(openStreams)
    })
  })

  return {
    openStreams,
    checkSubscriptions() {
      const subscribed = new Set(
        topics.flatMap((topic) => pubsub.getSubscribers(topic).map(String))
      )
      const silent = [...internals.direct].filter(
        (peer) => !subscribed.has(peer) && connectionsOf(host, peer).length > 0
      )
      for (const peer of silent) {
        if (silentBefore.has(peer)) resetGossip(connectionsOf(host, peer), protocols)
      }
      silentBefore = new Set(silent)
    }
  }
}

/**
 * Connected peers that speak gossipsub. One that does not must not be announced: gossipsub would keep it for
 * good and count it among the peers of its address, until it hears nobody from there any more.
 */
function watchSpeakers(host: Libp2p, protocols: readonly string[]): ReadonlySet<string> {
  const speakers = new Set<string>()
  host.addEventListener('peer:identify', ({ detail }) => {
    if (detail.protocols.some((protocol) => protocols.includes(protocol))) {
      speakers.add(detail.peerId.toString())
    }
  })
  host.addEventListener('peer:disconnect', ({ detail }) => {
    speakers.delete(detail.toString())
  })
  return speakers
}

/**
 * gossipsub forgets a peer, its subscriptions with it, when any stream it reads from it fails, be it one of
 * a connection that was replaced; the peer does not hear of that, and never says again what it subscribes to.
 * While a connection is open, the peer stays, and its streams are reset: it opens another and says so there.
 */
function keepPeerOnReadError(
  { host, internals }: Pick<GossipRepairDeps, 'host' | 'internals'>,
  protocols: readonly string[]
): void {
  const forget = internals.handlePeerReadStreamError.bind(internals)
  internals.handlePeerReadStreamError = (error, peer) => {
    const isConnected = host.getConnections(peer).some(({ status }) => status === 'open')
    if (isConnected) resetGossip(host.getConnections(peer), protocols)
    else forget(error, peer)
  }
}

function resetGossip(connections: readonly Connection[], protocols: readonly string[]): void {
  for (const { streams } of connections) {
    for (const stream of streams) {
      if (stream.direction !== 'inbound' || !protocols.includes(stream.protocol)) continue
      stream.abort(new Error('gossip begins anew'))
    }
  }
}

/** Of each peer the one that opened last; libp2p lists a peer's connections in the order in which they opened. */
function newestConnections(host: Libp2p): Iterable<Connection> {
  const open = host.getConnections().filter(({ status }) => status === 'open')
  return new Map(open.map((connection) => [connection.remotePeer.toString(), connection])).values()
}
