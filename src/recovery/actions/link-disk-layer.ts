// Blocks up to the one that the state on disk is of, linked and stored without being executed.
import { type BlockRef } from '../../chain/blocks/block.ts'
import { type ActionDeps, type ActionOutcome } from './action-deps.ts'
import { linkTarget } from './actions.ts'
import { isJump, jumpToDiskLayer } from './jump.ts'
import { formatRef } from '../decide/findings.ts'
import { type OnDiffs } from './ports.ts'
import { acceptRecorded, publishRecorded } from './recorded-blocks.ts'
import { heldAncestors } from './set-aside.ts'

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
  if (isJump(floor, diskLayer)) return jumpToDiskLayer(deps, diskLayer, signal)
  const giveUp = (reason: string) => {
    log.error('disk-layer-not-linked', { diskLayer: formatRef(diskLayer), reason })
    knowledge.noteStateFailure('disk-layer')
    return 'failed' as const
  }
  const isTaken = isHeard && (await isRecordUndisputed(deps, diskLayer, signal))
  const recorded = isTaken ? await takeRecorded(deps, diskLayer.number, signal) : []
  const path = await linkTarget(deps, diskLayer, signal, { wasExecuted: true })
  if (path === undefined) return 'failed'
  const top = chain.accepted.acceptedBlock(diskLayer.hash)
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
    await knowledge.notePath(floor, path)
    if (result.kind === 'refused') return giveUp(result.reason)
    progress.source(recorded.length > 0 ? 'record' : 'peers')
    progress.blocks({ number: floor.number + 1n, hash: path[0] ?? diskLayer.hash }, diskLayer)
    await publishRecorded(deps, recorded)
    return 'progress'
  })
}

/**
 * What peers show comes before our record, which is taken only where it leads to the disk layer, and where every block that is
 * shown above our head stands on it. One that cannot be reached may stand on another branch of our key.
 */
async function isRecordUndisputed(
  deps: ActionDeps,
  diskLayer: BlockRef,
  signal: AbortSignal
): Promise<boolean> {
  const { record, knowledge } = deps
  if (record.hashAt(diskLayer.number) !== diskLayer.hash) return false
  const { shown, gapFailures } = knowledge.blockFindings()
  for (const { block } of shown) {
    if (await standsOnRecord(deps, block)) continue
    if (gapFailures.has(block.hash)) return false
    const path = await linkTarget(deps, block, signal)
    // What was fetched of its branch may tell, though what our record has of it is served by nobody.
    if (path === undefined && !(await standsOnRecord(deps, block))) return false
  }
  return true
}

/** True when the highest block of its branch that is held or known by name, and that the record has a word on, is the recorded one. */
async function standsOnRecord(
  { chain, record }: Pick<ActionDeps, 'chain' | 'record'>,
  block: BlockRef
): Promise<boolean> {
  let below: BlockRef | undefined
  for await (const { number, hash, parentHash } of heldAncestors(chain, block.hash)) {
    const recorded = record.hashAt(number)
    if (recorded !== undefined) return recorded === hash
    below = { number: number - 1n, hash: parentHash }
  }
  return below !== undefined && record.hashAt(below.number) === below.hash
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
