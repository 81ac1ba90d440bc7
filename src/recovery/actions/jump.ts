// A chain that has genesis alone takes the block of the state on disk as its head, without the blocks between.
import { type Block, type BlockRef } from '../../chain/blocks/block.ts'
import { BLOCK_HASHES_DEPTH } from '../../chain/stored/find-holes.ts'
import { type ActionDeps, type ActionOutcome } from './action-deps.ts'
import { STATE_FETCH_MIN_BLOCKS } from '../decide/decide-state.ts'
import { formatRef } from '../decide/findings.ts'
import { type StatePoint } from '../../state/state-view.ts'
import { followsSetAside } from './set-aside.ts'

/** True where the state came from peers: a chain that was executed has its blocks up to there, but for the newest. */
export function isJump(head: BlockRef, diskLayer: BlockRef): boolean {
  return head.number === 0n && diskLayer.number > STATE_FETCH_MIN_BLOCKS
}

/** What the next block may ask for comes with it: the hashes of the last 256 blocks. The rest is filled behind the head. */
export async function jumpToDiskLayer(
  deps: ActionDeps,
  diskLayer: StatePoint,
  signal: AbortSignal
): Promise<ActionOutcome> {
  const { apply, history, knowledge, progress, log } = deps
  const block = await pivotBlock(deps, diskLayer, signal)
  if (block === undefined) return 'failed'
  await history.receipts(block, signal)
  const result = await apply.jump(block)
  if (result.kind === 'refused') {
    log.error('disk-layer-not-linked', { diskLayer: formatRef(diskLayer), reason: result.reason })
    knowledge.noteStateFailure('disk-layer')
    return 'failed'
  }
  progress.source('peers')
  progress.blocks(diskLayer, diskLayer)
  await progress.stage('link-blocks', async (counter) => {
    counter.expect(Number(BLOCK_HASHES_DEPTH))
    const lowest = block.number - BLOCK_HASHES_DEPTH
    const reason = await history.down(lowest > 1n ? lowest : 1n, signal, (slice) => {
      counter.add({ peer: slice.peer, bytes: slice.bytes, items: slice.blocks.length })
    })
    // The gate waits for them, and the back-fill goes on asking.
    if (reason !== undefined) log.warn('history-missing', { reason })
  })
  await knowledge.noteJump()
  return 'progress'
}

/** The block with that state, signed or named, that neither the record nor an operator's word is against. */
async function pivotBlock(
  deps: ActionDeps,
  diskLayer: StatePoint,
  signal: AbortSignal
): Promise<Block | undefined> {
  const { chain, knowledge, record, fetchAncestors } = deps
  const { number, hash } = diskLayer
  const target = { number, hash }
  const outcome = await fetchAncestors({ target, lowest: number, signal }, () => undefined)
  const fail = (reason: string) => {
    knowledge.noteGapFailure({ target, firstMissing: number, lastMissing: number, reason })
  }
  if (outcome.kind === 'unserved') {
    fail(outcome.reason)
    return undefined
  }
  if ((await followsSetAside(deps, hash)) !== undefined) {
    fail('it was set aside by an operator')
    return undefined
  }
  const recorded = record.hashAt(number)
  if (recorded !== undefined && recorded !== hash) {
    knowledge.noteConflict({ ours: { number, hash: recorded }, other: target, holders: [] })
    fail(`the record has ${recorded} at its height`)
    return undefined
  }
  const block = chain.accepted.namedBlock(hash)
  if (block === undefined) fail('its message is not kept')
  return block
}
