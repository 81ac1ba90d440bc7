// A gossipsub peer that does nothing by itself: it sends what a case wants sent, and notes what the node sends.
import { type Connection, type Stream } from '@libp2p/interface'
import { blocksTopic, TOPIC_VERSIONS } from '../gossip/topic.ts'
import { NotRun } from './verdict.ts'
import {
  decodeRpc,
  encodeGrafts,
  encodePrunes,
  encodePublish,
  encodeSubscriptions,
  frameRpc,
  readVarint,
  type WireMessage
} from './gossip-wire.ts'
import { StreamReader } from './raw-stream.ts'
import { type SuiteHost } from './suite-host.ts'
import { waitUntil, withPatience } from './patience.ts'

/** Protocols of gossipsub, newest first. */
export const GOSSIPSUB_PROTOCOLS = ['/meshsub/1.2.0', '/meshsub/1.1.0', '/meshsub/1.0.0'] as const

const JOIN_TIMEOUT_MS = 5_000
const RPC_MAX_BYTES = 12 * 2 ** 20

/**
 * Where a host takes the gossip streams that a node opens. It is registered before the host has a connection: many a
 * node opens its stream once, by what identify lists.
 */
export class GossipPort {
  /** Streams of connections that nobody has joined by yet. */
  readonly #early = new WeakMap<Connection, Stream[]>()
  readonly #takers = new WeakMap<Connection, (stream: Stream) => void>()

  /** To be called before the host starts. */
  async register(host: SuiteHost): Promise<void> {
    await host.handle([...GOSSIPSUB_PROTOCOLS], (stream, connection) => {
      const take = this.#takers.get(connection)
      if (take !== undefined) take(stream)
      else this.#early.set(connection, [...(this.#early.get(connection) ?? []), stream])
    })
  }

  /** Hands over the streams of a connection: those that came, and those to come. */
  take(connection: Connection, take: (stream: Stream) => void): void {
    this.#takers.set(connection, take)
    for (const stream of this.#early.get(connection) ?? []) take(stream)
    this.#early.delete(connection)
  }
}

/** What the node has sent. Bounded by the length of a case. */
export class GossipPeer {
  readonly messages: WireMessage[] = []
  readonly announcedIds: Uint8Array[] = []
  readonly subscriptions = new Set<string>()
  readonly #out: Stream
  /** True for a peer of the meshes; another one declines when the node wants it there. */
  readonly #isInMesh: boolean

  constructor(out: Stream, isInMesh: boolean) {
    this.#out = out
    this.#isInMesh = isInMesh
  }

  /** Subscribes to all block topics of the chain and, unless told otherwise, joins their meshes. */
  static async join(
    port: GossipPort,
    connection: Connection,
    chainId: bigint,
    { grafts = true } = {}
  ): Promise<GossipPeer> {
    const out = await openGossipStream(connection)
    const peer = new GossipPeer(out, grafts)
    port.take(connection, (stream) => {
      peer.#listen(stream)
    })
    const topics = TOPIC_VERSIONS.map((version) => blocksTopic(chainId, version))
    peer.#send(encodeSubscriptions(topics))
    const isHeard = await waitUntil(() => peer.subscriptions.size > 0, JOIN_TIMEOUT_MS)
    if (!isHeard) {
      out.abort(new Error('nobody speaks to us'))
      throw new NotRun('the node opens no gossip stream to us')
    }
    if (grafts) peer.#send(encodeGrafts(topics))
    return peer
  }

  /** False once the node has closed the stream, or the connection. */
  get isOpen(): boolean {
    return this.#out.status === 'open'
  }

  /** Throws NotRun when the node has had enough of this peer. */
  publish(message: WireMessage): void {
    if (!this.isOpen)
      throw new NotRun('the node listens no more to a peer that sent what it refused')
    this.#send(encodePublish(message))
  }

  /** True once a message with these bytes has come. */
  hasReceived({ data }: WireMessage): boolean {
    return this.messages.some((message) => Buffer.compare(message.data, data) === 0)
  }

  #send(rpc: Uint8Array): void {
    this.#out.send(frameRpc(rpc))
  }

  #listen(stream: Stream): void {
    this.#readAll(new StreamReader(stream)).catch((thrown: unknown) => {
      stream.abort(thrown instanceof Error ? thrown : new Error('unreadable'))
    })
  }

  async #readAll(reader: StreamReader): Promise<void> {
    let waiting: Uint8Array = new Uint8Array()
    for (;;) {
      const bytes = await reader.next()
      if (bytes === undefined) return
      waiting = Buffer.concat([waiting, bytes])
      for (;;) {
        const prefix = readVarint(waiting, 0)
        if (prefix === undefined) break
        if (prefix.value > RPC_MAX_BYTES) throw new RangeError('a frame that is too large')
        const end = prefix.end + prefix.value
        if (end > waiting.length) break
        this.#note(waiting.subarray(prefix.end, end))
        waiting = waiting.subarray(end)
      }
    }
  }

  #note(rpc: Uint8Array): void {
    const { subscriptions, messages, announcedIds, grafts } = decodeRpc(rpc)
    for (const topic of subscriptions) this.subscriptions.add(topic)
    if (grafts.length > 0 && !this.#isInMesh) this.#send(encodePrunes(grafts))
    this.messages.push(...messages)
    this.announcedIds.push(...announcedIds)
  }
}

async function openGossipStream(connection: Connection): Promise<Stream> {
  try {
    return await withPatience(JOIN_TIMEOUT_MS, (signal) =>
      connection.newStream([...GOSSIPSUB_PROTOCOLS], { signal })
    )
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : 'it does not say why'
    throw new NotRun(`the node takes no gossip stream: ${reason}`, { cause: thrown })
  }
}
