// What recovery knows of the node, and from whom: its chain, its states, its record, its peers.
import { type Hex } from '../../base/bytes.ts'
import { type BlockRef, type SignedBlock } from '../../chain/blocks/block.ts'
import { type AcceptedStore } from '../../chain/stored/accepted-store.ts'
import { type BlockStore } from '../../chain/stored/block-store.ts'
import { type OpenHoles } from '../../sync/holes/open-holes.ts'
import { type KnownRecord } from '../decide/findings.ts'
import { type ClockFault } from '../decide/wait-reasons.ts'

/** Our chain and the accepted blocks beside it: the stores themselves, and what was found lost of them. */
export interface RecoveryChain {
  /** The head with its state; it moves once a block is applied. */
  readonly head: () => BlockRef
  readonly blocks: Pick<BlockStore, 'canonicalHash' | 'history'>
  readonly accepted: Pick<
    AcceptedStore,
    | 'accept'
    | 'acceptedAt'
    | 'acceptedBlock'
    | 'contestedHeights'
    | 'hasSetAside'
    | 'highestAccepted'
    | 'isSetAside'
    | 'namedBlock'
    | 'setAside'
  >
  readonly holes: Pick<OpenHoles, 'missingBlock' | 'unknownHash'>
  /** What lies below the oldest block is wanted down to this height: whether it is ours is not known before. Never blocks. */
  readonly needHistory: (number: bigint) => void
}

/** Which states can be read. */
export interface RecoveryState {
  diskLayer(): (BlockRef & { readonly root: Hex }) | undefined
  isReadable(hash: Hex): boolean
  /** True when a state was being fetched in ranges and is not whole. */
  isFetchUnderWay(): boolean
  /** Every block whose state can be read, of whatever branch, the highest first; as many as are in memory, and one. */
  readable(): readonly BlockRef[]
  /** Replaces the state store's content by the state at genesis. */
  resetToGenesis(): Promise<void>
}

/** Heights whose states are to be rebuilt: `from` is readable, or genesis; `to` is stored. */
export interface StateStretch {
  readonly from: BlockRef
  readonly to: BlockRef
}

/** Which state diffs of stored blocks could be had, our own and the peers'. */
export interface DiffsAtHand {
  /** True when the stored diffs reach down far enough; whether each is there and good shows when it is used. */
  areStored(stretch: StateStretch): boolean
  /** True when a connected peer claims to keep them all. */
  areServed(stretch: StateStretch): boolean
  /** True when executing the blocks again would take longer than fetching their diffs. */
  isExecutionDear(stretch: StateStretch): boolean
}

/** Who has states, for nodes that have none. */
export interface StatesAtHand {
  /** True when a connected peer serves states in ranges; undefined while one that counts has not said what it speaks. */
  areServed(): boolean | undefined
  /** The highest block of which enough of them say that they have its state; undefined while none says so. A hint. */
  newest(): bigint | undefined
}

/** The signed record, as recovery reads it and writes the adopted head into it. */
export interface RecoveryRecord {
  finding(): KnownRecord
  hashAt(number: bigint): Hex | undefined
  /** The blocks above a height whose messages are kept, ascending, each read and verified when it is asked for. */
  blocksAbove(number: bigint): Iterable<SignedBlock>
  adopt(head: BlockRef): Promise<void>
  /** What was signed or adopted above a height, ascending, whether its message is kept or not. */
  heightsAbove(number: bigint): readonly BlockRef[]
  /** Lets go of all heights above one, by an operator's word. */
  release(above: bigint): Promise<void>
}

/** Who is connected, who counts, and what their clocks say. */
export interface RecoveryPeers {
  connected(): readonly string[]
  /** Of our clock against our head and those of the backups. */
  clockFault(): ClockFault | undefined
  /** True when a connected peer's status claims a block above this height. A hint, never proof. */
  claimsAbove(number: bigint): boolean
}

/** The sets of backups that are asked besides those of now, kept across restarts. */
export interface StoredBackups {
  /** The one the gate last opened under, and those it was about to open under since, none of which was settled. */
  load(): readonly (readonly string[])[]
  /** The gate is about to open under these: they count beside the others until it is open. On disk when it resolves. */
  announce(backups: readonly string[]): Promise<void>
  /** The gate is open: the announced set alone counts from here on. On disk when it resolves. */
  settle(): Promise<void>
}
