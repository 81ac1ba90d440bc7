// What a peer is told of a node's addresses by identify: those that it advertises, and then no other.
import assert from 'node:assert/strict'
import { createLiveChain, type LiveChain, type LiveNode } from '../support/live-nodes.ts'
import { useNetworks } from '../support/networks.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

const ADVERTISED = ['/dns4/seq.example.org/tcp/9222', '/ip4/203.0.113.7/tcp/30333']

describe('the addresses that a node tells its peers', function () {
  this.timeout(60_000)
  let chain: LiveChain | undefined

  // Before the directory's own hook: what runs in it ends first.
  afterEach(() => chain?.stopAll())
  const directory = useTemporaryDirectory()
  const { start } = useNetworks(901n)

  async function startNode(advertise: readonly string[]): Promise<LiveNode> {
    chain = await createLiveChain(directory.path)
    const live = await chain.place('seq')
    await chain.start(live, { role: 'sequencer', quorum: 'none', advertise })
    return live
  }

  /** What identify tells a peer that has dialled the node where it listens. */
  async function toldBy({ multiaddr, peerKey: { peerId } }: LiveNode): Promise<readonly string[]> {
    const { host } = await start([multiaddr])
    const told = new Map<string, readonly string[]>()
    host.addEventListener('peer:identify', ({ detail }) => {
      told.set(detail.peerId.toString(), detail.listenAddrs.map(String))
    })
    return until('identify', () => told.get(peerId))
  }

  it('are those it advertises, and not where it listens', async () => {
    const live = await startNode(ADVERTISED)
    assert.deepEqual([...(await toldBy(live))].sort(), ADVERTISED)
  })

  it('are where it listens when it advertises nothing', async () => {
    const live = await startNode([])
    assert.deepEqual(await toldBy(live), [live.multiaddr.replace(/\/p2p\/.*$/, '')])
  })
})
