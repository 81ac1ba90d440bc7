// When a peer's state diffs come cheaper than executing: by the gas of the blocks, and their number.

/** Executing so much gas takes about as long as asking a peer for diffs and checking them. */
export const EXECUTION_CHEAP_MAX_GAS = 200_000_000n
/** So many blocks are worth asking for, whatever is in them. */
export const EXECUTION_CHEAP_MAX_BLOCKS = 1_024n

/** Executing so much gas with a cold EVM takes longer than asking a peer for the diff. */
const APPLYING_CHEAP_MAX_GAS = 1_000_000n
/** Blocks of a path that are looked at to tell; the others are taken to be like them. */
export const PATH_LOOKS_MAX = 16

/** A backup that has so many blocks to apply catches up; one that follows the head has fewer. */
export const CATCH_UP_MIN_BLOCKS = 128
/** The newest blocks of what it has to catch up with are executed all the same. */
export const EXECUTED_NEWEST_BLOCKS = 32

/**
 * How many linked blocks a backup takes by diffs, the lowest first. It executes what is new: a block that its signer
 * should not have made is noticed by those who execute it. What is far below the head was executed by others, who would not
 * have its descendants else, and its diffs have to give the roots of headers that are signed.
 */
export function catchUpBlocks(pathLength: number): number {
  return pathLength < CATCH_UP_MIN_BLOCKS ? 0 : pathLength - EXECUTED_NEWEST_BLOCKS
}

/** True when executing stored blocks again would take longer than fetching their diffs. Reads no further than it must. */
export function isExecutionDear(blocksCount: bigint, gasUsed: Iterable<bigint>): boolean {
  return blocksCount > EXECUTION_CHEAP_MAX_BLOCKS || isAbove(EXECUTION_CHEAP_MAX_GAS, gasUsed)
}

/** True when executing linked blocks takes longer than asking a peer for their diffs: the gas of PATH_LOOKS_MAX of them. */
export function isApplyingDear(gasUsed: Iterable<bigint>): boolean {
  return isAbove(APPLYING_CHEAP_MAX_GAS, gasUsed)
}

function isAbove(maxGas: bigint, gasUsed: Iterable<bigint>): boolean {
  let gas = 0n
  for (const used of gasUsed) {
    gas += used
    if (gas > maxGas) return true
  }
  return false
}
