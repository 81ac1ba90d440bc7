// The node under test as the cases see it: its address, what was learnt of it first, and peers to try it with.
import { type GossipPeers } from './gossip-peers.ts'
import { type NodeListener } from './node-listener.ts'
import { type RawStatus } from './raw-status.ts'
import { type SubjectOptions } from './suite-peer.ts'
import { type Survey } from './survey.ts'

/** What of a status may be of another chain. */
export interface OtherChain {
  readonly chainId?: bigint
  readonly genesisHash?: Uint8Array
}

/** Everything that cases work with. */
export interface Subject {
  readonly options: SubjectOptions
  readonly chainId: bigint
  readonly genesisHash: Uint8Array
  /** A sound status of a peer on the node's chain, or of another chain where that is named. */
  readonly ownStatus: (other?: OtherChain) => Uint8Array
  /** What the node said of itself first. */
  readonly status: RawStatus
  /** Answers to sound requests, asked once and looked at by many cases. */
  readonly survey: Survey
  /** Where the node dials us; undefined when it was not asked to. */
  readonly listener: NodeListener | undefined
  /** Peers for trials of gossip. */
  readonly gossip: GossipPeers
  /** A height that no block of ours has used, far above the chain. */
  readonly freeHeight: () => bigint
}
