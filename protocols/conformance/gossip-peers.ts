// The peers of the suite that gossip with the node.
import { GossipPeer, GossipPort } from './gossip-peer.ts'
import { type NodeListener } from './node-listener.ts'
import { dialNode, startSuiteHost, stopSuiteHost, type SuiteHost } from './suite-host.ts'
import { type SubjectOptions } from './suite-peer.ts'
import { NotRun } from './verdict.ts'

/** The two peers of the trials; a node may have had enough of the one that sends. */
export interface GossipPair {
  readonly sender: GossipPeer
  readonly watcher: GossipPeer
}

/**
 * Gossipsub counts peers of one address against each other from the eleventh on (P6 of its specification), also
 * those that have gone. With more of them no message would be passed on, whatever the node makes of it.
 */
const PEERS_MAX = 10

/**
 * The pair, for all trials. The one that sends is the peer that the node dialled, if there is one: what a node
 * refuses may count against the sender, but it goes on listening to a peer that its operator chose. Without one
 * a new peer takes over as often as the node closes. They stay connected until `stop`.
 */
export class GossipPeers {
  readonly #options: SubjectOptions
  readonly #listener: NodeListener | undefined
  readonly #hosts: SuiteHost[] = []
  #watcher: GossipPeer | undefined
  #sender: GossipPeer | undefined
  /** The peer that the node dialled is tried once. */
  #isListenerTried = false

  constructor(options: SubjectOptions, listener: NodeListener | undefined) {
    this.#options = options
    this.#listener = listener
  }

  /** One that watches in the meshes of all topics, and one that sends, to which the node still listens. */
  async pair(): Promise<GossipPair> {
    if (this.#watcher?.isOpen !== true) this.#watcher = await this.join()
    if (this.#sender?.isOpen !== true) await this.replaceSender()
    const [watcher, sender] = [this.#watcher, this.#sender]
    if (sender === undefined) throw new NotRun('there is no peer that sends')
    return { watcher, sender }
  }

  /** Another peer sends from now on. */
  async replaceSender(): Promise<void> {
    this.#sender = (await this.#joinAsDialled()) ?? (await this.join())
  }

  /** One more peer. Throws NotRun when there are too many. */
  async join(options: { readonly grafts?: boolean } = {}): Promise<GossipPeer> {
    const { target, chainId } = this.#options
    if (this.#hosts.length >= PEERS_MAX) {
      throw new NotRun('more gossip peers of one address would count against it; needs --listen')
    }
    const port = new GossipPort()
    const host = await startSuiteHost({ register: (it) => port.register(it) })
    this.#hosts.push(host)
    return GossipPeer.join(port, await dialNode(host, target), chainId, options)
  }

  async #joinAsDialled(): Promise<GossipPeer | undefined> {
    if (this.#isListenerTried) return undefined
    this.#isListenerTried = true
    try {
      return await this.#listener?.joinGossip()
    } catch (thrown) {
      if (thrown instanceof NotRun) return undefined // a peer that dials takes its place
      throw thrown
    }
  }

  async stop(): Promise<void> {
    for (const host of this.#hosts.splice(0)) await stopSuiteHost(host)
  }
}
