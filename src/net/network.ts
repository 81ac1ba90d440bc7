// The network as the node uses it: streams by peer id, gossip, who is connected; libp2p stays behind it.
import { type Connection, type Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { type Service } from '../base/service.ts'
import { type ByteStream, type StreamOpener } from '../reqresp/byte-stream.ts'
import { RequestError } from '../reqresp/request-error.ts'
import { createDialer, type Dialer } from './dialer.ts'
import { createGossipMesh, type GossipMesh } from './gossip-mesh.ts'
import { type Host, type HostOptions } from './host.ts'
import { createOlderConnections } from './older-connections.ts'
import { parsePeer } from './peer-address.ts'
import {
  connectedPeers,
  connectionsOf,
  listConnections,
  type PeerConnection
} from './peer-connections.ts'
import { createSpokenProtocols, type SpokenProtocols } from './spoken-protocols.ts'
import { createSharedPeerIds, type SharedPeerId, type SharedPeerIds } from './shared-peer-ids.ts'
import { toByteStream } from './stream-bytes.ts'

/** Gossip streams that were lost without their connection are looked for so often. */
const REPAIR_INTERVAL_MS = 2_000

/**
 * Answers the streams of one protocol; settles when the stream is done with, and never rejects. `isShared`: another
 * process with this peer's key is connected and is the one that counts: this one is to be refused.
 */
export type OnStream = (peer: string, stream: ByteStream, isShared: boolean) => Promise<void>

/** Hears who comes and goes. */
export interface PeerListener {
  readonly onConnected: (peer: string) => void
  readonly onDisconnected: (peer: string) => void
  /** What the peer says that it answers is known, or has changed. */
  readonly onProtocols: (peer: string) => void
}

/** A started host. `run` keeps its configured peers connected; `stop` closes every connection. */
export interface Network extends Service, Pick<SpokenProtocols, 'speaks'> {
  readonly peerId: string
  readonly opener: StreamOpener
  readonly mesh: GossipMesh
  /** Where others reach us, with our peer id. */
  multiaddrs(): readonly string[]
  /** Peers with an open connection. */
  connected(): readonly string[]
  /** Streams beyond `streamsMax` on one connection are reset before the handler hears of them. */
  serve(protocolId: string, streamsMax: number, onStream: OnStream): Promise<void>
  listenToPeers(listener: PeerListener): void
  /**
   * Closes the peer's connections that are older than the one this stream came on, and reads each to its end. Settles
   * when all that they brought was handed to gossip's handler of messages; rejects with the reason of `signal` when
   * that aborts before, and they are read on.
   */
  closeOlderConnections(stream: ByteStream, signal: AbortSignal): Promise<void>
  disconnect(peer: string): Promise<void>
  /** Like a configured peer from now on: dialled if it has an address, always sent blocks. Throws an Error for a bad one. */
  keepConnected(multiaddr: string): void
  /** Undoes that; a connection that stands is left alone. */
  letGo(peer: string): void
  /** Every connection as it stands. */
  connections(): Promise<readonly PeerConnection[]>
  /** Peer ids that two live processes use: one is kept, the other one refused. */
  sharedPeerIds(): readonly SharedPeerId[]
  /** The protocols we answer. */
  protocols(): readonly string[]
  stop(): Promise<void>
}

/** Joins a started host to what the node asks of a network. */
export function createNetwork(
  { clock, log, host }: { readonly clock: Clock; readonly log: Log; readonly host: Host },
  options: Pick<HostOptions, 'chainId' | 'peers'>
): Network {
  const mesh = createGossipMesh({ clock, host, ...host.services }, options)
  const older = createOlderConnections({ host, log })
  const spoken = createSpokenProtocols(host)
  const shared = createSharedPeerIds({ clock, log }, host)
  host.addEventListener('connection:close', () => {
    setImmediate(() => {
      mesh.onConnectionClosed()
    })
  })
  const dialer = createDialer({ clock, log, host: dialling(host) }, options.peers.map(parsePeer))

  return {
    peerId: host.peerId.toString(),
    opener: {
      open: (peer, protocolId, signal) =>
        openStream({ host, spoken, shared }, peer, protocolId, signal)
    },
    mesh,
    multiaddrs: () => host.getMultiaddrs().map(String),
    connected: () => connectedPeers(host),
    speaks: (peer, id) => spoken.speaks(peer, id),
    async serve(protocolId, streamsMax, onStream) {
      const handle = async (stream: Stream, connection: Connection) => {
        const bytes = toByteStream(stream)
        older.note(bytes, { stream, connection })
        const isShared = await shared.isRefused(connection)
        await onStream(connection.remotePeer.toString(), bytes, isShared)
      }
      await host.handle(protocolId, handle, { maxInboundStreams: streamsMax })
    },
    listenToPeers({ onConnected, onDisconnected, onProtocols }) {
      spoken.onChanged(onProtocols)
      host.addEventListener('peer:connect', ({ detail }) => {
        log.info('peer-connected', { peer: detail.toString() })
        onConnected(detail.toString())
      })
      host.addEventListener('peer:disconnect', ({ detail }) => {
        log.info('peer-disconnected', { peer: detail.toString() })
        onDisconnected(detail.toString())
      })
    },
    closeOlderConnections: (stream, signal) => older.close(stream, signal),
    disconnect: (peer) => host.hangUp(peerIdFromString(peer)),
    ...keeping(mesh, dialer),
    connections: () => listConnections(host),
    sharedPeerIds: () => shared.list(),
    protocols: () => host.getProtocols(),
    async run(signal) {
      await Promise.all([dialer.run(signal), repairGossip({ clock, mesh }, signal)])
    },
    async stop() {
      shared.stop()
      await host.stop()
    }
  }
}

async function repairGossip(
  { clock, mesh }: { readonly clock: Clock; readonly mesh: GossipMesh },
  signal: AbortSignal
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(REPAIR_INTERVAL_MS, signal).catch(() => undefined) // aborted: the loop ends
    if (!signal.aborted) mesh.repair()
  }
}

function keeping(mesh: GossipMesh, dialer: Dialer): Pick<Network, 'keepConnected' | 'letGo'> {
  return {
    keepConnected(multiaddr) {
      const peer = parsePeer(multiaddr)
      mesh.addDirect(peer.peerId)
      dialer.add(peer)
    },
    letGo(peer) {
      mesh.removeDirect(peer)
      dialer.remove(peer)
    }
  }
}

async function openStream(
  {
    host,
    spoken,
    shared
  }: {
    readonly host: Host
    readonly spoken: SpokenProtocols
    readonly shared: Pick<SharedPeerIds, 'isKept'>
  },
  peer: string,
  protocolId: string,
  signal: AbortSignal
): Promise<ByteStream> {
  const newest = connectionsOf(host, peer).findLast(
    (one) => one.status === 'open' && shared.isKept(one)
  )
  if (newest === undefined) {
    throw new RequestError({ code: 'not-connected', peer, reason: 'there is no connection' })
  }
  try {
    return toByteStream(await newest.newStream(protocolId, { signal }))
  } catch (thrown) {
    signal.throwIfAborted()
    const options = { cause: thrown }
    if (thrown instanceof Error && thrown.name === 'UnsupportedProtocolError') {
      spoken.noteRefused(peer, protocolId)
      throw new RequestError({ code: 'unsupported-protocol', peer, protocol: protocolId }, options)
    }
    const reason = errorMessage(thrown)
    throw new RequestError({ code: 'not-connected', peer, reason }, options)
  }
}

function dialling(host: Host) {
  const isConnected = (peerId: string) =>
    connectionsOf(host, peerId).some(({ status }) => status === 'open')
  return {
    isConnected,
    dial: (address: Parameters<Host['dial']>[0], signal: AbortSignal) =>
      host.dial(address, { signal }),
    async untilDisconnected(peerId: string, signal: AbortSignal): Promise<void> {
      const settled = new AbortController()
      await new Promise<void>((resolve) => {
        const check = () => {
          if (signal.aborted || !isConnected(peerId)) resolve()
        }
        const options = { signal: settled.signal }
        host.addEventListener('peer:disconnect', check, options)
        host.addEventListener('connection:close', check, options)
        signal.addEventListener('abort', check, options)
        check()
      })
      settled.abort()
    }
  }
}
