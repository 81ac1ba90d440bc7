// The peers of the suite that gossip with the node.
import { GossipPeer } from './gossip-peer.ts'
import { type NodeListener } from './node-listener.ts'
import { dialNode, startSuiteHost, type SuiteHost } from './suite-host.ts'
import { type SubjectOptions } from './suite-peer.ts'
import { NotRun } from './verdict.ts'

/** The two peers of the trials; a node may have had enough of the one that sends. */
export interface GossipPair {
  sender: GossipPeer
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
  #pair: GossipPair | undefined

  constructor(options: SubjectOptions, listener: NodeListener | undefined) {
    this.#options = options
    this.#listener = listener
  }

  /** One that watches in the meshes of all topics, and one that sends, to which the node still listens. */
  async pair(): Promise<GossipPair> {
    if (this.#pair === undefined) {
      const watcher = await this.join()
      this.#pair = { watcher, sender: (await this.#listener?.joinGossip()) ?? (await this.join()) }
    }
    if (!this.#pair.sender.isOpen) this.#pair.sender = await this.join()
    return this.#pair
  }

  /** One more peer. Throws NotRun when there are too many. */
  async join(options: { readonly grafts?: boolean } = {}): Promise<GossipPeer> {
    const { target, chainId } = this.#options
    if (this.#hosts.length >= PEERS_MAX) {
      throw new NotRun('more gossip peers of one address would count against it; needs --listen')
    }
    const host = await startSuiteHost()
    this.#hosts.push(host)
    return GossipPeer.join(host, await dialNode(host, target), chainId, options)
  }

  async stop(): Promise<void> {
    for (const host of this.#hosts.splice(0)) await host.stop()
  }
}
