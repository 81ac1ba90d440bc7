// What recovery knows when it decides: plain values, gathered by the runner, read by the pure decision.
import { type Hex } from '../../base/bytes.ts'
import { type BlockRef } from '../../chain/blocks/block.ts'
import { type RecordFinding } from '../../signer/signed-record.ts'
import { type GateConditions } from './wait-reasons.ts'

/** Only a sequencer has a gate. */
export type Role = 'sequencer' | 'backup'

/** `auto`: a majority when the signed record vouches for the tip, else all. */
export type QuorumSetting = 'auto' | 'all' | 'none' | number

/** The signed record as it was found at start, and as it stands now; torn: it counts as missing for this start's quorum. */
export type KnownRecord = { readonly kind: 'off' } | RecordFinding

/** What one peer said to `signed_tip` in the last round that asked it. */
export type TipAnswer =
  /** It spoke for its store: `tip` is the highest block it showed, absent when it holds nothing above us. */
  | { readonly kind: 'answered'; readonly tip: BlockRef | undefined }
  /** Starting, joining, or empty while we are not: not an answer, and no fault. */
  | { readonly kind: 'cannot-say'; readonly reason: string }
  /** It does not answer `signed_tip` at all: not an answer, no fault, and not asked again by itself. */
  | { readonly kind: 'not-spoken'; readonly reason: string }
  | { readonly kind: 'unreachable'; readonly reason: string }

/** A block above our head that our key signed, and who holds it. */
export interface ShownBlock {
  readonly block: BlockRef
  /** Peer ids; `self` for our own accepted store. */
  readonly holders: readonly string[]
}

/** Two blocks that our key signed, neither an ancestor of the other. */
export interface Conflict {
  readonly ours: BlockRef
  readonly other: BlockRef
  readonly holders: readonly string[]
}

/** A work that failed with every peer; it matches no more until an answer or a peer changes. */
export interface GapFailure {
  readonly target: BlockRef
  readonly firstMissing: bigint
  readonly lastMissing: bigint
  readonly reason: string
  /** Who holds the target, and so claims all below it: peer ids, `self`, `record`. The decision adds it. */
  readonly claimedBy?: readonly string[]
}

/** How often all required backups have answered, on the monotonic clock. */
export interface RoundTimes {
  /** The last full round that showed something new, or else the first full round. */
  readonly firstFullMs: number | undefined
  /** The last full round, if it showed nothing new. */
  readonly quietFullMs: number | undefined
  /** Full rounds in a row that each showed a block nobody had shown before. */
  readonly newInARow: number
}

/** Backups that count together for the quorum. */
export interface BackupSet {
  readonly name: 'configured' | 'stored'
  readonly backups: readonly string[]
}

/** The block rows' input; what the gate waits for besides is told by the conditions. */
export interface BlockFindings extends GateConditions {
  readonly role: Role
  readonly head: BlockRef
  readonly record: KnownRecord
  readonly conflict: Conflict | undefined
  /** Highest first. */
  readonly shown: readonly ShownBlock[]
  /** By the hash of the target that could not be reached. */
  readonly gapFailures: ReadonlyMap<Hex, GapFailure>
  readonly answers: ReadonlyMap<string, TipAnswer>
  /** The configured set, and the stored one while it differs. */
  readonly backupSets: readonly BackupSet[]
  readonly quorum: QuorumSetting
  readonly rounds: RoundTimes
  /** Nobody, or not everybody who is configured, was asked yet, and the time for that is not over. */
  readonly isAskDue: boolean
  /** Monotonic. */
  readonly nowMs: number
  readonly blockTimeMs: number
  /** The head above which an operator gives up, for this start, what nobody serves. */
  readonly giveUpAbove: Hex | undefined
}

/** Ways to the head's state: rebuilding that of stored blocks, linking blocks up to the disk layer's, or a peer's state. */
export type StateWay = 'diffs' | 'peer-diffs' | 'execution' | 'disk-layer' | 'peer-state'

/** The state rows' input. */
export interface StateFindings {
  readonly head: BlockRef
  /** The highest block above the head that is shown, of our key; undefined when none is. */
  readonly target: BlockRef | undefined
  /** True when a state was being fetched in ranges and is not whole: nothing is readable then. */
  readonly isFetchUnderWay: boolean
  /** True when a connected peer serves states in ranges; undefined while that is not known of one that an operator named. */
  readonly stateServed: boolean | undefined
  /** The disk layer's block; undefined when the state store is empty or unreadable. */
  readonly diskLayer: BlockRef | undefined
  /** True when an operator decided against the disk layer's block: its state is of no use. */
  readonly isDiskLayerSetAside: boolean
  /** Why the disk layer's block was not reached, and how often; undefined when it is to be tried now. */
  readonly diskLayerGap: { readonly reason: string; readonly triesCount: number } | undefined
  /** True when nobody is left whose word may still bring a block, and no operator has to choose a branch first. */
  readonly isHeard: boolean
  /** The highest block of our chain whose state can be read; genesis, if only the genesis file can make it. */
  readonly readable: BlockRef | undefined
  /** True when the diffs from the readable state to the head are stored. */
  readonly diffsStored: boolean
  /** True when a connected peer claims to keep them. */
  readonly diffsServed: boolean
  /** True when fetching diffs is cheaper than executing the blocks. */
  readonly executionIsDear: boolean
  /** True when each block from the readable state to the head is stored. */
  readonly blocksStored: boolean
  /** A way that was tried and failed, so that the next one is taken. */
  readonly failed: ReadonlySet<StateWay>
}

/** A stable name of a block for logs and messages: `12 (0xabcd…)`. */
export function formatRef({ number, hash }: { number: bigint; hash: Hex }): string {
  return `${number.toString()} (${hash})`
}

/** What a look at a conflict came to. */
export type EvidenceOutcome =
  /** The other branch is held from the fork on. */
  | 'whole'
  /** Nobody serves what lies between. */
  | 'partial'
  /** An operator decided against that branch: it is no conflict any more. */
  | 'set-aside'
