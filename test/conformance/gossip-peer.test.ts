// Peers of the suite beside a node that opens its gossip stream once, by what identify lists, as go-libp2p-pubsub does.
import assert from 'node:assert/strict'
import { FAKE_CHAIN_ID } from './broken/fake-chain.ts'
import { GOSSIPSUB_PROTOCOLS } from '../../protocols/conformance/gossip-peer.ts'
import { encodeSubscriptions, frameRpc } from '../../protocols/conformance/gossip-wire.ts'
import { startSuiteHost, stopSuiteHost } from '../../protocols/conformance/suite-host.ts'
import { withGossipPeer } from '../../protocols/conformance/suite-peer.ts'

const TOPIC = '/optimism/907/3/blocks'

/** Identifies each peer when it connects, and opens one stream if gossipsub is listed then; never later. */
async function startByIdentify() {
  let openedCount = 0
  const host = await startSuiteHost({
    listen: '/ip4/127.0.0.1/tcp/0',
    register: (it) => it.handle([...GOSSIPSUB_PROTOCOLS], () => undefined)
  })
  host.addEventListener('connection:open', ({ detail: connection }) => {
    const open = async () => {
      const { protocols } = await host.services.identify.identify(connection)
      if (!GOSSIPSUB_PROTOCOLS.some((protocol) => protocols.includes(protocol))) return
      const stream = await connection.newStream([...GOSSIPSUB_PROTOCOLS])
      openedCount++
      stream.send(frameRpc(encodeSubscriptions([TOPIC])))
    }
    open().catch(() => undefined) // the peer is gone: nobody is told
  })
  return { host, openedCount: () => openedCount }
}

describe('gossip peers of the suite', () => {
  it('are listed by identify when they connect, each time anew', async () => {
    const node = await startByIdentify()
    try {
      const target = String(node.host.getMultiaddrs()[0])
      const options = { target, chainId: FAKE_CHAIN_ID, preset: 'op', patienceMs: 1_000 } as const
      for (const due of [1, 2]) {
        const topics = await withGossipPeer(options, (_, gossip) =>
          Promise.resolve([...gossip.subscriptions])
        )
        assert.deepEqual(topics, [TOPIC])
        assert.equal(node.openedCount(), due)
      }
    } finally {
      await stopSuiteHost(node.host)
    }
  })
})
