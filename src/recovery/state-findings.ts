// What is known of states: which can be read, and what could bring the others back (recovery.md, rows 4 to 12).
import { type BlockRef } from '../chain/block.ts'
import { type StateFindings, type StateWay } from './findings.ts'
import { type RecoveryChain, type RecoveryDiffs, type RecoveryState } from './ports.ts'

/** Where it is read from. */
export interface StateSources {
  readonly chain: RecoveryChain
  readonly state: RecoveryState
  readonly diffs: Pick<RecoveryDiffs, 'areStored' | 'areServed' | 'isExecutionDear'>
}

/** As of now. Journals are taken in when the state store opens. */
export function gatherStateFindings(
  { chain, state, diffs }: StateSources,
  failed: ReadonlySet<StateWay>,
  targetNumber: bigint | undefined
): StateFindings {
  const head = chain.head()
  const readable = highestReadable({ chain, state }, head)
  const isLost = readable !== undefined && readable.hash !== head.hash
  const stretch = isLost ? { from: readable, to: head } : undefined
  // Without the blocks neither way goes: they are fetched first (sync/fill-holes.ts).
  const isWhole =
    stretch !== undefined && chain.missingBlock(stretch.from.number + 1n, head.number) === undefined
  const lost = isWhole ? stretch : undefined
  return {
    head,
    diskLayer: state.diskLayer(),
    readable,
    journalPending: false,
    damaged: undefined,
    diffsStored: lost !== undefined && diffs.areStored(lost),
    diffsServed: lost !== undefined && diffs.areServed(lost),
    executionIsDear: lost !== undefined && diffs.isExecutionDear(lost),
    blocksStored: stretch === undefined || isWhole,
    failed,
    targetNumber,
    rangesServed: false
  }
}

/** Genesis when nothing of our chain can be read: its file makes that one. */
function highestReadable(
  { chain, state }: Pick<StateSources, 'chain' | 'state'>,
  head: BlockRef
): BlockRef | undefined {
  const lowest = state.diskLayer()?.number ?? 0n
  for (let number = head.number; number >= lowest; number--) {
    const hash = chain.canonicalHash(number)
    if (hash !== undefined && state.isReadable(hash)) return { number, hash }
  }
  const genesis = chain.canonicalHash(0n)
  return genesis && { number: 0n, hash: genesis }
}
