// What the cluster and its node processes say to each other over the IPC channel of the child process.
import { type Hex } from '../../src/base/bytes.ts'
import { type StageName } from '../../src/recovery/actions/progress.ts'
import { type StateStoreOptions } from '../../src/state/state-store.ts'
import { type LoopDelay } from './loop-delay.ts'
import { type RecoverySection } from './report.ts'

/** A protection that is taken away to show that the checkers notice. */
export type Without = 'recovery' | 'record' | 'quorum' | 'gate'

/** What `--without` takes. */
export const WITHOUT_NAMES: readonly Without[] = ['recovery', 'record', 'quorum', 'gate']

/** Steps of a block at which a node can be held. */
export type HoldStep = 'built' | 'sealed' | 'signed' | 'published' | 'persisted' | 'head-set'

/** How a backup hides what it holds: it says that it holds nothing above, or that it cannot say. */
export type Hiding = 'says-same' | 'says-unavailable'

/** Lies about states, each of which a proof, a hash or a root refutes. */
export const STATE_LIES = [
  'false-leaves',
  'false-proofs',
  'omitted-leaves',
  'wrong-codes',
  'truncated-ranges',
  'false-diffs'
] as const

/** One of them. */
export type StateLie = (typeof STATE_LIES)[number]

/** A block in a message: JSON has no bigint. */
export interface BlockFacts {
  readonly number: number
  readonly hash: Hex
}

/** From the cluster to a node. */
export type NodeCommand =
  /** Hold the sequencer when it finishes this step of the next block that gets there. */
  | { readonly command: 'hold'; readonly step: HoldStep }
  | { readonly command: 'release' }
  /** From now on its clock is so far off the machine's, as if somebody had set it. */
  | { readonly command: 'set-clock'; readonly offsetMs: number }
  /** The delay of its event loop is measured from now on. */
  | { readonly command: 'measure-loop' }
  | { readonly command: 'read-loop' }
  | { readonly command: 'stop' }

/** When a node reported something. */
export interface ReportStamp {
  /** Counted by the process from 1 on, in the order in which it sends: one that is missing shows. */
  readonly seq: number
  /** By the machine's clock, in milliseconds since 1970: the message itself may be read much later. */
  readonly atMs: number
}

/** From a node to the cluster. */
export type NodeMessage = NodeReport & ReportStamp

/** What a node reports. */
export type NodeReport =
  | {
      readonly event: 'ready'
      readonly peerId: string
      readonly multiaddr: string
      readonly rpcUrl: string
    }
  | { readonly event: 'step'; readonly step: string; readonly block?: BlockFacts }
  /** The sequencer stands still after this step of this block. */
  | { readonly event: 'held'; readonly step: HoldStep; readonly block: BlockFacts }
  | { readonly event: 'stage'; readonly stage: StageName; readonly items: number }
  /** Recovery stands still at the end of this stage. */
  | { readonly event: 'held-stage'; readonly stage: StageName }
  | { readonly event: 'gate'; readonly open: boolean; readonly reason: string }
  /** The gate was asked, as a build began or right before a signature, and did not refuse. */
  | { readonly event: 'gate-passed' }
  | { readonly event: 'recovered'; readonly recovery: RecoverySection }
  | ({ readonly event: 'loop' } & LoopDelay)
  | { readonly event: 'failed'; readonly reason: string; readonly exitCode: number }

/** What a node process is told at its start, as JSON in its only argument. */
export interface NodeSpec {
  readonly name: string
  readonly configFile: string
  readonly without: Without | undefined
  readonly flags: StartFlags
}

/** What is good for one start. */
export interface StartFlags {
  /** Recovery is held at the first end of this stage. */
  readonly holdAtStage?: StageName
  readonly hides?: Hiding
  /** A backup answers `signed_tip` with false claims. */
  readonly lies?: true
  /** What it says of states is false. */
  readonly stateLie?: StateLie
  /** Smaller bounds of the state in memory: flushes come more often. */
  readonly stateLimits?: Partial<StateStoreOptions>
}
