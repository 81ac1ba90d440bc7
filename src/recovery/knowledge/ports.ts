// What recovery knows of the node, and from whom: its chain, its states, its record, its peers. `node/` satisfies each.
import { type Hex } from '../../base/bytes.ts'
import { type BlockRef, type SignedBlock } from '../../chain/blocks/block.ts'
import { type KnownRecord } from '../decide/findings.ts'
import { type ClockFault } from '../decide/wait-reasons.ts'

/** Our chain and the accepted blocks beside it. */
export interface RecoveryChain {
  /** The stored head. */
  head(): BlockRef
  canonicalHash(number: bigint): Hex | undefined
  /** The highest height of a range, both ends inclusive, whose stored block is lost; undefined when none is. */
  missingBlock(first: bigint, last: bigint): bigint | undefined
  /** The same for heights of which not even the hash is known any more. */
  unknownHash(first: bigint, last: bigint): bigint | undefined
  acceptedBlock(hash: Hex): SignedBlock | undefined
  /** Accepted blocks at one height, oldest first. */
  acceptedAt(number: bigint): readonly BlockRef[]
  /** Heights with more than one accepted block that counts, as they were when the store was opened. */
  contestedHeights(): readonly bigint[]
  /** The highest accepted block that the schedule's signer signed and nobody set aside. */
  highestAccepted(): BlockRef | undefined
  accept(blocks: readonly SignedBlock[]): Promise<void>
  /** True for a block that an operator decided against, held or not. */
  isSetAside(hash: Hex): boolean
  /** False while there is none at all. */
  hasSetAside(): boolean
  setAside(hashes: readonly Hex[], reason: 'given-up' | 'chosen-against'): Promise<void>
}

/** Which states can be read. */
export interface RecoveryState {
  diskLayer(): (BlockRef & { readonly root: Hex }) | undefined
  isReadable(hash: Hex): boolean
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
  clockFault(head: BlockRef): ClockFault | undefined
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
