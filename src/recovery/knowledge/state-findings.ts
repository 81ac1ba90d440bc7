// What is known of states: which can be read, and what could bring the others back (decide/decide-state.ts).
import { type Hex } from '../../base/bytes.ts'
import { type BlockRef } from '../../chain/blocks/block.ts'
import { type StateFindings } from '../decide/findings.ts'
import {
  type DiffsAtHand,
  type RecoveryChain,
  type RecoveryState,
  type StatesAtHand
} from './ports.ts'

/** Where it is read from. */
export interface StateSources {
  readonly chain: RecoveryChain
  readonly state: RecoveryState
  readonly diffs: Pick<DiffsAtHand, 'areStored' | 'areServed' | 'isExecutionDear'>
  readonly states: Pick<StatesAtHand, 'areServed'>
}

/** What recovery remembers that bears on states. */
export interface StateMemory extends Pick<StateFindings, 'failed' | 'isHeard' | 'target'> {
  /** Why a block was not reached, while it is not to be tried again. */
  readonly gapOf: (hash: Hex) => StateFindings['diskLayerGap']
}

/** As of now. Journals are taken in when the state store opens. */
export function gatherStateFindings(
  { chain, state, diffs, states }: StateSources,
  { gapOf, ...memory }: StateMemory
): StateFindings {
  const head = chain.head()
  const diskLayer = state.diskLayer()
  const readable = highestReadable({ chain, state }, head)
  const isLost = readable !== undefined && readable.hash !== head.hash
  const stretch = isLost ? { from: readable, to: head } : undefined
  // Without the blocks neither way goes: they are fetched first (sync/holes/fill-holes.ts).
  const isWhole =
    stretch !== undefined &&
    isStoredFrom(chain, stretch.from.number + 1n) &&
    chain.holes.missingBlock({ first: stretch.from.number + 1n, last: head.number }) === undefined
  const lost = isWhole ? stretch : undefined
  return {
    ...memory,
    head,
    isFetchUnderWay: state.isFetchUnderWay(),
    stateServed: states.areServed(),
    diskLayer: diskLayer && { number: diskLayer.number, hash: diskLayer.hash },
    isDiskLayerSetAside: diskLayer !== undefined && chain.accepted.isSetAside(diskLayer.hash),
    diskLayerGap: diskLayer && gapOf(diskLayer.hash),
    readable,
    diffsStored: lost !== undefined && diffs.areStored(lost),
    diffsServed: lost !== undefined && diffs.areServed(lost),
    executionIsDear: lost !== undefined && diffs.isExecutionDear(lost),
    blocksStored: stretch === undefined || isWhole
  }
}

/** False for heights below those that a chain has which was joined further up. */
function isStoredFrom({ blocks }: RecoveryChain, number: bigint): boolean {
  return blocks.history().oldestBlock <= number
}

/**
 * Genesis when nothing of our chain can be read: its file makes that one. Goes by the states there are, not by the
 * heights: after a reset there are as many of those as the chain is long.
 */
function highestReadable(
  { chain, state }: Pick<StateSources, 'chain' | 'state'>,
  head: BlockRef
): BlockRef | undefined {
  for (const { number, hash } of state.readable()) {
    if (number <= head.number && chain.blocks.canonicalHash(number) === hash)
      return { number, hash }
  }
  const genesis = chain.blocks.canonicalHash(0n)
  return genesis && { number: 0n, hash: genesis }
}
