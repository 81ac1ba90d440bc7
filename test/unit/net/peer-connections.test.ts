// Connections by the text of the peer id, in the order in which they opened; no peer id is decoded for it.
import assert from 'node:assert/strict'
import { type Connection, type PeerId } from '@libp2p/interface'
import { connectedPeers, connectionsOf } from '../../../src/net/peer-connections.ts'

type Hosted = Parameters<typeof connectionsOf>[0]

/** A host with a connection to each of these peers, oldest first. */
function hostWith(...peers: readonly string[]) {
  const connections = peers.map((peer, place) => {
    const remotePeer: Partial<PeerId> = { toString: () => peer }
    const connection: Partial<Connection> = { id: String(place), remotePeer: remotePeer as PeerId }
    return connection as Connection
  })
  const asked: unknown[] = []
  const host: Hosted = {
    getConnections(peer) {
      asked.push(peer)
      return connections
    }
  }
  return { host, asked }
}

describe("a host's connections", () => {
  it('are those of the peer alone, the newest last', () => {
    const { host } = hostWith('a', 'b', 'a')
    assert.deepEqual(
      connectionsOf(host, 'a').map(({ id }) => id),
      ['0', '2']
    )
    assert.deepEqual(connectionsOf(host, 'c'), [])
  })

  it('name each peer once', () => {
    const { host, asked } = hostWith('a', 'b', 'a')
    assert.deepEqual(connectedPeers(host), ['a', 'b'])
    assert.deepEqual(asked, [undefined])
  })
})
