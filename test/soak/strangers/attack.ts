// What an attack is: a name, what the cluster is prepared with, and what strangers do to it until they are told to stop.
import { type Hex } from '../../../src/base/bytes.ts'

/** Attacks of one kind, run together by `--only GROUP`. */
export type AttackGroup = 'quiet' | 'wire' | 'muxer' | 'gossip' | 'requests' | 'calls' | 'http'

/** Where one node is reached by anybody. */
export interface TargetNode {
  readonly name: string
  readonly peerId: string
  /** With its peer id. */
  readonly multiaddr: string
  /** Of the peer protocol, on 127.0.0.1. */
  readonly port: number
  readonly rpcUrl: string
  readonly metricsUrl: string
}

/** What a stranger knows of the chain, and what it has: JSON, since it is another process. */
export interface Target {
  /** The sequencer first. */
  readonly nodes: readonly TargetNode[]
  readonly chainId: number
  readonly genesisHash: Hex
  /** Keys of funded accounts. */
  readonly accountKeys: readonly Hex[]
  readonly seed: number
}

/** What an attack is run with. */
export interface AttackTools {
  /** Aborts at the end: what waits for it ends at once. */
  readonly signal: AbortSignal
  /** Counts what was done to the nodes; an attack that did nothing fails. */
  readonly did: (what: string, times?: number) => void
}

/** One attack. `run` lasts until its signal aborts; what the nodes refuse is part of it. */
export interface Attack {
  readonly name: string
  readonly group: AttackGroup
  /** What is done, in one line. */
  readonly title: string
  /** True where the last backup lies, and does not count as honest. */
  readonly hasLiar?: true
  /** True where the sequencer that is killed loses its data directory as well. */
  readonly losesData?: true
  /** True where a client with small calls must be answered in time all the while. */
  readonly sparesCaller?: true
  run(target: Target, tools: AttackTools): Promise<void>
}

/** What the attacker's process is told, as JSON in its only argument. */
export interface AttackOrder {
  /** The name. */
  readonly attack: string
  readonly target: Target
}
