// The suite as the one that is dialled: it hears the node's requests and answers them well or badly.
import { type Connection, type PrivateKey, type Stream } from '@libp2p/interface'
import { encodeChunk } from '../framing/chunk.ts'
import { SIGNED_TIP } from '../signed-tip/codec.ts'
import { requestProtocol } from './asking.ts'
import { GossipPeer, GossipPort } from './gossip-peer.ts'
import { isWholeSize, type ProtocolName, PROTOCOLS } from './protocol-facts.ts'
import { type RawStatus, readRawStatus, suiteStatus } from './raw-status.ts'
import { type StreamEnd, StreamReader } from './raw-stream.ts'
import { dialNode, startSuiteHost, stopSuiteHost, type SuiteHost } from './suite-host.ts'
import { waitUntil, withPatience } from './patience.ts'

/** One request of the node. */
export interface Call {
  readonly protocol: ProtocolName
  readonly connection: Connection
  readonly bytes: Uint8Array
  /** `closed` when the node closed its side after the request. */
  readonly end: StreamEnd
  readonly atMs: number
}

/** The bytes of a whole response; undefined: the usual answer. */
export type Answering = (call: Call) => Uint8Array | undefined

/** Where the suite listens, and as whom. */
export interface ListenOptions {
  /** Undefined: it does not listen, and hears what a node asks of a peer that dialled it. */
  readonly multiaddr?: string | undefined
  /** Undefined: a new key. */
  readonly peerKey?: PrivateKey | undefined
  readonly chainId: bigint
  /** How long a request may take to come in whole. */
  readonly patienceMs: number
}

/** A node that talks without end is not listened to without end. */
const CALLS_MAX = 10_000
const CHUNK_MAX_BYTES = 2 ** 20
const REDIAL_PAUSE_MS = 5_000
/** A node closes its side together with the last byte; so much of the patience is left for the network. */
const CLOSE_PART = 1 / 3

/** How long a node may take to dial again: it may hold back after a connection that did not last. */
export function redialMs({ patienceMs }: { readonly patienceMs: number }): number {
  return 2 * patienceMs + REDIAL_PAUSE_MS
}

/** A listening peer of the suite. */
export class NodeListener {
  /** Everything that was asked, oldest first. */
  readonly calls: Call[] = []
  /** Set once the node has dialled and sent no status: then no other case need wait for one. */
  isNodeSilent = false
  readonly #host: SuiteHost
  readonly #options: ListenOptions
  readonly #gossip: GossipPort
  /** Connections that we closed: what still comes of them says nothing of the node. */
  readonly #dropped = new WeakSet<Connection>()
  /** How each call was answered. */
  readonly #answers = new WeakMap<Call, Answering>()
  #answering: Answering = () => undefined

  constructor(host: SuiteHost, gossip: GossipPort, options: ListenOptions) {
    this.#host = host
    this.#gossip = gossip
    this.#options = options
  }

  /** Starts to listen. The caller stops it. */
  static async open(options: ListenOptions): Promise<NodeListener> {
    const { peerKey, multiaddr, chainId } = options
    const gossip = new GossipPort()
    const opened = Promise.withResolvers<NodeListener>()
    const host = await startSuiteHost({
      ...(multiaddr !== undefined && { listen: multiaddr }),
      ...(peerKey && { privateKey: peerKey }),
      register: async (it) => {
        await gossip.register(it)
        for (const protocol of PROTOCOLS) {
          await it.handle(requestProtocol(protocol, chainId), async (stream, connection) => {
            const listener = await opened.promise
            await listener.#hear(protocol, stream, connection)
          })
        }
      }
    })
    const listener = new NodeListener(host, gossip, options)
    opened.resolve(listener)
    return listener
  }

  /** Dials the node, which then has the connection to ask by. */
  async dial(target: string): Promise<void> {
    await dialNode(this.#host, target)
  }

  /** Where a node can be told to dial. */
  get multiaddrs(): readonly string[] {
    return this.#host.getMultiaddrs().map(String)
  }

  get isConnected(): boolean {
    return this.#host.getConnections().length > 0
  }

  /**
   * Answers the node's next requests this way. Resolves with the first one of the protocol, once it has been
   * answered; undefined when none came.
   */
  async nextCall(
    protocol: ProtocolName,
    withinMs: number,
    answering: Answering = () => undefined
  ): Promise<Call | undefined> {
    const isOurs = (call: Call) => this.#answers.get(call) === answering
    const find = () => this.calls.find((call) => call.protocol === protocol && isOurs(call))
    await this.answeringWith(answering, () => waitUntil(() => find() !== undefined, withinMs))
    return find()
  }

  /** Gossips with the node as the peer that it dialled; undefined when it does not dial. At most once. */
  async joinGossip(): Promise<GossipPeer | undefined> {
    await waitUntil(() => this.isConnected, redialMs(this.#options))
    const connection = this.#host.getConnections().find(({ status }) => status === 'open')
    if (connection === undefined) return undefined
    return GossipPeer.join(this.#gossip, connection, this.#options.chainId, { grafts: false })
  }

  /** Answers this way for as long as `wait` runs. */
  async answeringWith<T>(answering: Answering, wait: () => Promise<T>): Promise<T> {
    this.#answering = answering
    try {
      return await wait()
    } finally {
      this.#answering = () => undefined
    }
  }

  /** Closes the node's connections, so that it dials again. */
  drop(): void {
    for (const connection of this.#host.getConnections()) {
      this.#dropped.add(connection)
      connection.abort(new Error('so that the node dials again'))
    }
  }

  /** Statuses that the node sent on one connection. */
  statusesOn(
    connection: Connection
  ): readonly { readonly atMs: number; readonly status: RawStatus }[] {
    return this.calls
      .filter((call) => call.protocol === 'status' && call.connection === connection)
      .map(({ atMs, bytes }) => ({ atMs, status: readRawStatus(bytes) }))
  }

  async stop(): Promise<void> {
    await stopSuiteHost(this.#host)
  }

  async #hear(protocol: ProtocolName, stream: Stream, connection: Connection): Promise<void> {
    const atMs = performance.now()
    const { patienceMs } = this.#options
    const { bytes, end } = await new StreamReader(stream).all(patienceMs, {
      isWhole: (lengthBytes) => isWholeSize(protocol, lengthBytes),
      graceMs: patienceMs * CLOSE_PART
    })
    const call: Call = { protocol, connection, bytes, end, atMs }
    const answering = this.#answering
    this.#answers.set(call, answering)
    try {
      stream.send(answering(call) ?? usualAnswer(call))
      await withPatience(patienceMs, (signal) => stream.close({ signal }))
    } catch {
      stream.abort(new Error('the node is gone')) // it need not wait for an answer
    }
    if (this.calls.length < CALLS_MAX && !this.#dropped.has(connection)) this.calls.push(call)
  }
}

/** A peer on the node's own chain that holds genesis alone and serves nothing. */
function usualAnswer({ protocol, bytes }: Call): Uint8Array {
  // TI-9: by such an answer a node that joins may know that it has caught up.
  if (protocol === 'signed_tip' && bytes.subarray(0, 8).every((byte) => byte === 0)) {
    return encodeChunk(
      { result: 'ok', ...SIGNED_TIP.chunk.encode({ relation: 'same' }) },
      CHUNK_MAX_BYTES
    )
  }
  if (protocol !== 'status') {
    return encodeChunk({ result: 'unavailable', reason: 'nothing is held' }, CHUNK_MAX_BYTES)
  }
  const { chainId, genesisHash, forkDigest } = readRawStatus(bytes)
  const own = suiteStatus(chainId, genesisHash, { forkDigest })
  return encodeChunk({ result: 'ok', version: 0, bytes: own }, CHUNK_MAX_BYTES)
}
