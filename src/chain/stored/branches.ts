// Branches beside the canonical chain, as far as their blocks are held: where they fork, and which blocks descend from them.
import { type Hex } from '../../base/bytes.ts'
import { type AcceptedStore } from './accepted-store.ts'
import { type Block, type BlockRef } from '../blocks/block.ts'
import { type BlockStore } from './block-store.ts'

/** What branches are looked for in. */
export interface BranchSource {
  readonly accepted: Pick<AcceptedStore, 'acceptedBlock' | 'heldAt' | 'namedBlock' | 'highestHeld'>
  readonly blocks: Pick<BlockStore, 'canonicalHash' | 'head'>
}

/** A branch from its lowest held block to its tip. */
export interface Branch {
  /** The highest block that it shares with the canonical chain; undefined when the way there is not held. */
  readonly fork: BlockRef | undefined
  /** Ascending, without the fork; empty for a canonical tip. */
  readonly path: readonly BlockRef[]
  /** The parent of the lowest held block, when it is not held itself. */
  readonly missing: BlockRef | undefined
}

/** Walks parent hashes down from a block. Undefined when the tip itself is not held. */
export function traceBranch({ accepted, blocks }: BranchSource, tip: Hex): Branch | undefined {
  const path: BlockRef[] = []
  let block: Block | undefined = accepted.acceptedBlock(tip)
  if (block === undefined) return undefined
  while (block !== undefined) {
    const { number, hash, parentHash } = block
    if (blocks.canonicalHash(number) === hash) {
      return { fork: { number, hash }, path: path.reverse(), missing: undefined }
    }
    path.push({ number, hash })
    const parent: BlockRef = { number: number - 1n, hash: parentHash }
    if (blocks.canonicalHash(parent.number) === parentHash) {
      return { fork: parent, path: path.reverse(), missing: undefined }
    }
    if (number <= 1n) break
    block = accepted.namedBlock(parentHash)
    if (block === undefined) return { fork: undefined, path: path.reverse(), missing: parent }
  }
  return { fork: undefined, path: path.reverse(), missing: undefined }
}

/** The blocks of the canonical chain above a height, ascending, with the head. */
export function canonicalAbove(
  { blocks }: Pick<BranchSource, 'blocks'>,
  above: bigint
): readonly BlockRef[] {
  const found: BlockRef[] = []
  for (let number = above + 1n; number <= blocks.head().number; number++) {
    const hash = blocks.canonicalHash(number)
    if (hash !== undefined) found.push({ number, hash })
  }
  return found
}

/** The held descendants of these blocks; the blocks themselves are not among them. */
export async function heldDescendants(
  { accepted }: BranchSource,
  roots: readonly BlockRef[]
): Promise<readonly BlockRef[]> {
  const highest = await accepted.highestHeld()
  if (roots.length === 0 || highest === undefined) return []
  const family = new Set(roots.map(({ hash }) => hash))
  const found: BlockRef[] = []
  let number = roots.map((root) => root.number).reduce((low, one) => (one < low ? one : low)) + 1n
  for (; number <= highest; number++) {
    for (const { hash } of accepted.heldAt(number)) {
      if (family.has(hash)) continue
      const parentHash = accepted.acceptedBlock(hash)?.parentHash
      if (parentHash === undefined || !family.has(parentHash)) continue
      family.add(hash)
      found.push({ number, hash })
    }
  }
  return found
}
