// A stranger in the gossip of one node: publishes what it is told to, and sends control messages of any kind.
import { type Connection } from '@libp2p/interface'
import {
  GOSSIPSUB_PROTOCOLS,
  GossipPeer,
  GossipPort
} from '../../../../protocols/conformance/gossip-peer.ts'
import { frameRpc } from '../../../../protocols/conformance/gossip-wire.ts'
import { type Target } from '../attack.ts'
import { pick } from './crowd.ts'
import { withStranger } from './stranger-peer.ts'

/** Runs with a peer that takes part in the block topics of one node; it is gone afterwards. */
export async function withGossip(
  { nodes, chainId }: Target,
  stranger: number,
  work: (peer: GossipPeer) => Promise<void>
): Promise<void> {
  const port = new GossipPort()
  await withStranger(
    pick(nodes, stranger),
    stranger,
    async ({ connection }) => {
      await work(await GossipPeer.join(port, connection, BigInt(chainId)))
    },
    { register: (host) => port.register(host) }
  )
}

/** Sends frames of gossipsub until the work ends; `send` waits while the node takes none, and throws when it is gone. */
export async function withControl(
  connection: Connection,
  signal: AbortSignal,
  work: (send: (rpc: Uint8Array) => Promise<void>) => Promise<void>
): Promise<void> {
  const stream = await connection.newStream([...GOSSIPSUB_PROTOCOLS], { signal })
  await work(async (rpc) => {
    if (!stream.send(frameRpc(rpc))) await stream.onDrain({ signal })
  })
}
