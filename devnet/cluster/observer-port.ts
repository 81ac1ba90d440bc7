// The checkers' own peer: dialled to every node, it keeps each signed block it hears and asks for tips.
import { type Hex } from '../../src/base/bytes.ts'
import { type BlockFacts } from './messages.ts'

/** A block that reached the observer by gossip. */
export interface HeardBlock extends BlockFacts {
  readonly parentHash: Hex
}

/** Which chain the observer takes part in. */
export interface ObserverOptions {
  readonly genesisHash: Hex
  readonly chainId: bigint
  readonly signer: Hex
  readonly onBlock: (block: HeardBlock, fromPeer: string) => void
  /** By the rules a peer that passes such a message on is to blame. */
  readonly onRejected: (reason: string, fromPeer: string) => void
}

/** A peer of all nodes that is none of them: what it sees, others can see. */
export interface Observer {
  readonly multiaddr: string
  connect(multiaddr: string): Promise<void>
  /** The highest block a node shows when asked by protocol; undefined while it shows none. */
  tip(peerMultiaddr: string): Promise<BlockFacts | undefined>
  /** Leaves the mesh: sees and forwards nothing until `listenAgain`. */
  silence(): Promise<void>
  listenAgain(): Promise<void>
  close(): Promise<void>
}

/** How a cluster comes by its observer. */
export type CreateObserver = (options: ObserverOptions) => Promise<Observer>
