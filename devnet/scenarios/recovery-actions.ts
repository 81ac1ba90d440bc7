// What scenarios of a whole recovery do beyond a crash: old data, lost records, stages, slowness, outages.
import { type Hex } from '../../src/base/bytes.ts'
import { type StageName } from '../../src/recovery/actions/progress.ts'
import { type Choice } from '../cluster/operator.ts'
import { type RecoverySection, type StageSection } from '../cluster/report.ts'
import { type TimedBlock } from '../cluster/rpc-client.ts'
import { type Slowness } from '../cluster/slow-wire.ts'

/** A block that the observer heard by gossip, and how old it was then. */
export interface HeardAge {
  readonly number: number
  readonly ageMs: number
}

/** Where a node's files lie. */
export interface NodePlace {
  readonly peerId: string
  /** Where it listens for peers, with its peer id. */
  readonly multiaddr: string
  readonly dataDir: string
  readonly configFile: string
  readonly logFile: string
}

/** Actions and sights of recovery's scenarios; each action ends when its effect is there. */
export interface RecoveryActions {
  /** SIGTERM, and the end of the process. */
  stop(node: string): Promise<void>
  /** SIGKILL to all of them at once. */
  killAll(nodes: readonly string[]): Promise<void>
  /** Keeps a copy of the data directory of a node that is down. */
  saveData(node: string, label: string): Promise<void>
  /** Puts a kept copy, its own unless told whose, in the place of the data directory of a node that is down. */
  restoreData(node: string, label: string, owner?: string): Promise<void>
  /** The first conflict in the sequencer's status. */
  conflict(): Promise<{ readonly ours: Hex; readonly other: Hex }>
  /** `rekindle db choose` on the sequencer, which is down. */
  chooseBranch(branch: Hex, other: Hex): Promise<Choice>
  /** `admin_startSequencer` on the sequencer; resolves with its words when it refuses. */
  startSequencing(hash: Hex): Promise<string | undefined>
  /** Removes the signed record of the sequencer, which is down. */
  loseRecord(): Promise<void>
  /** Waits until the sequencer's recovery stands still at the stage its start was given. */
  untilHeldAt(stage: StageName): Promise<void>
  /** SIGSTOP, and SIGCONT: connections stay, nothing is answered. */
  suspend(node: string): Promise<void>
  resume(node: string): Promise<void>
  /** Sets the node's clock so far off the machine's, while it runs; 0: right again. */
  setClock(node: string, offsetMs: number): Promise<void>
  /** Makes all wires of the node slow; undefined: fast again. */
  slow(node: string, slowness: Slowness | undefined): Promise<void>
  /** The one action that is about time: an outage lasts. */
  passTime(milliseconds: number): Promise<void>
  /** Waits until the sequencer's head is of the present slot. */
  untilCaughtUp(): Promise<void>
  /** Waits until the node's head is at least so high. */
  untilHead(node: string, number: number): Promise<void>
  /** Waits until every block down to the first is stored, after a jump to a state. */
  untilHistory(node: string): Promise<void>
  head(node: string): Promise<TimedBlock>
  /** The sequencer's canonical blocks, first and last included. */
  blocks(first: number, last: number): Promise<readonly TimedBlock[]>
  /** What the sequencer said of its latest recovery. */
  recovery(): RecoverySection
  /** The stages of a node's latest recovery, from RPC. */
  stages(node: string): Promise<readonly Pick<StageSection, 'name' | 'items' | 'peers'>[]>
  /** The blocks from `first` on that came by gossip. */
  heard(first: number, last: number): Promise<readonly HeardAge[]>
  /** Everybody that was blamed: by the observer's verdicts, and in the logs of the nodes. */
  blamed(): Promise<readonly string[]>
  /** For damage, and for commands that an operator runs on a stopped node. */
  place(node: string): NodePlace
  /** Waits until `look` finds something. */
  until<T>(what: string, look: () => Promise<T | undefined>): Promise<T>
  readonly blockTimeMs: number
  /** Chooses among the orders that one run cannot all go through. */
  readonly seed: number
}
