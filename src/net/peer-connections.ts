// Who is connected, and what their host said of itself: for operators, not for decisions.
import { type PeerId } from '@libp2p/interface'
import { type Host } from './host.ts'

/** One connected peer. */
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
export async function listConnections(host: Host): Promise<readonly PeerConnection[]> {
  return Promise.all(
    host.getPeers().map(async (peer) => {
      const connections = host.getConnections(peer)
      const newest = connections.sort((one, other) => other.timeline.open - one.timeline.open)[0]
      const told = await readPeer(host, peer)
      const peerId = peer.toString()
      const address = newest?.remoteAddr.toString() ?? ''
      return {
        peerId,
        multiaddr: address.endsWith(`/p2p/${peerId}`) ? address : `${address}/p2p/${peerId}`,
        direction: newest?.direction ?? 'inbound',
        ...told
      }
    })
  )
}

async function readPeer(
  host: Host,
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
