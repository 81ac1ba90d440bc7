// Who is connected, a peer's connections by age, and what its host said of itself.
import { type Connection, type Libp2p, type PeerId } from '@libp2p/interface'

/** As much of a host as the list of its connections takes. */
type Connections = Pick<Libp2p, 'getConnections'>

/**
 * The peer's connections in the order in which they opened, closing ones among them; libp2p lists them so. They are found
 * by the text of the peer id: to decode it takes a square root modulo a prime, half a millisecond.
 */
export function connectionsOf(host: Connections, peer: string): readonly Connection[] {
  return host.getConnections().filter(({ remotePeer }) => remotePeer.toString() === peer)
}

/** Each peer with a connection once. `getPeers` of libp2p decodes every peer id anew. */
export function connectedPeers(host: Connections): readonly string[] {
  return [...new Set(host.getConnections().map(({ remotePeer }) => remotePeer.toString()))]
}

/** One connected peer, for operators and not for decisions. */
export interface PeerConnection {
  readonly peerId: string
  /** Where the connection goes to, with the peer id at its end. */
  readonly multiaddr: string
  /** Who opened it. */
  readonly direction: 'inbound' | 'outbound'
  /** What it answers, as identify brought it; empty before that. */
  readonly protocols: readonly string[]
  /** Its own word, at most AGENT_MAX_CHARS printable characters; empty when it said nothing. */
  readonly agent: string
}

/** What is kept of a name that a stranger chose. */
const AGENT_MAX_CHARS = 64

/** One entry for each peer: its newest connection. */
export async function listConnections(host: Libp2p): Promise<readonly PeerConnection[]> {
  const newest = new Map(host.getConnections().map((one) => [one.remotePeer.toString(), one]))
  return Promise.all(
    Array.from(newest, async ([peerId, { remotePeer, remoteAddr, direction }]) => {
      const address = remoteAddr.toString()
      return {
        peerId,
        multiaddr: address.endsWith(`/p2p/${peerId}`) ? address : `${address}/p2p/${peerId}`,
        direction,
        ...(await readPeer(host, remotePeer))
      }
    })
  )
}

async function readPeer(
  host: Libp2p,
  peer: PeerId
): Promise<Pick<PeerConnection, 'protocols' | 'agent'>> {
  try {
    const { protocols, metadata } = await host.peerStore.get(peer)
    const agent = metadata.get('AgentVersion')
    return { protocols, agent: agent === undefined ? '' : printable(agent) }
  } catch {
    return { protocols: [], agent: '' } // it is not in the store yet: identify is under way
  }
}

function printable(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, AGENT_MAX_CHARS))
    .toString('latin1')
    .replace(/[^ -~]/g, '?')
}
