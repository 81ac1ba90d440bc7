// Row 8: blocks up to the one that the state on disk is of, linked and stored without being executed.
import { type BlockRef } from '../chain/block.ts'
import { type ActionDeps, type ActionOutcome } from './action-deps.ts'
import { linkTarget } from './actions.ts'
import { formatRef } from './findings.ts'
import { type OnDiffs } from './ports.ts'
import { acceptRecorded, publishRecorded } from './recorded-blocks.ts'

/**
 * After a power cut: chain/ lost its newest blocks, state/ did not. Blocks are fetched, and once everybody who
 * counts has spoken, taken from the record; where they end in the disk layer's block and its header has the disk
 * layer's root, they become the chain, and its state is the head's. What was linked before a crash stays so, and the
 * next start goes on from there.
 */
export async function linkDiskLayer(
  deps: ActionDeps,
  { isHeard }: { readonly isHeard: boolean },
  signal: AbortSignal
): Promise<ActionOutcome> {
  const { chain, state, apply, diffs, knowledge, progress, log } = deps
  const diskLayer = state.diskLayer()
  if (diskLayer === undefined) return 'failed'
  const floor = chain.head()
  const giveUp = (reason: string) => {
    log.error('disk-layer-not-linked', { diskLayer: formatRef(diskLayer), reason })
    knowledge.noteStateFailure('disk-layer')
    return 'failed' as const
  }
  const recorded = isHeard ? await takeRecorded(deps, diskLayer.number, signal) : []
  const path = await linkTarget(deps, diskLayer, signal, { wasExecuted: true })
  if (path === undefined) return 'failed'
  const top = chain.acceptedBlock(diskLayer.hash)
  if (top?.number !== diskLayer.number || top.stateRoot !== diskLayer.root) {
    return giveUp(`its block has the state root ${String(top?.stateRoot)}`)
  }
  return progress.stage('link-blocks', async (counter) => {
    counter.expect(path.length)
    const note: OnDiffs = (_, from) => {
      counter.add(from)
    }
    const receipts = await diffs.fetchReceipts(path, note, signal)
    // They are for whoever asks later: where nobody keeps them any more, the blocks are linked without.
    if (receipts.kind === 'failed') log.warn('receipts-missing', { reason: receipts.reason })
    const result = await apply.linkBlocks(
      path,
      (items) => {
        counter.add({ items })
      },
      signal
    )
    if (result.kind === 'refused') return giveUp(result.reason)
    progress.source(recorded.length > 0 ? 'record' : 'peers')
    progress.blocks({ number: floor.number + 1n, hash: path[0] ?? diskLayer.hash }, diskLayer)
    await publishRecorded(deps, recorded)
    return 'progress'
  })
}

/** Our own record's blocks up to a height: nobody who counts holds another one there, or it is a conflict. */
async function takeRecorded(
  deps: ActionDeps,
  last: bigint,
  signal: AbortSignal
): Promise<readonly BlockRef[]> {
  const above = deps.chain.head().number
  if (!deps.record.heightsAbove(above).some(({ number }) => number <= last)) return []
  return deps.progress.stage('take-record', (counter) =>
    acceptRecorded(deps, { above, last }, { counter, signal })
  )
}
