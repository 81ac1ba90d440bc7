// The signed record's blocks: read and verified one at a time, accepted in batches, offered to gossip.
import { createYielder } from '../../base/yielder.ts'
import { type BlockRef, type SignedBlock, toRef } from '../../chain/blocks/block.ts'
import { type ActionDeps } from './action-deps.ts'
import { type StageCounter } from './progress.ts'

/** Blocks accepted in one synced batch; the record may keep thousands, each a signature to recover. */
export const RECORDED_BATCH_BLOCKS = 64

/** Accepts what the record keeps above a height, up to another one if given; resolves with what that was, ascending. */
export async function acceptRecorded(
  { chain, record }: Pick<ActionDeps, 'chain' | 'record'>,
  { above, last }: { readonly above: bigint; readonly last?: bigint },
  { counter, signal }: { readonly counter: StageCounter; readonly signal: AbortSignal }
): Promise<readonly BlockRef[]> {
  const yielder = createYielder()
  const accepted: BlockRef[] = []
  let batch: SignedBlock[] = []
  const write = async () => {
    await chain.accepted.accept(batch)
    counter.add({ items: batch.length })
    batch = []
  }
  for (const block of record.blocksAbove(above)) {
    signal.throwIfAborted()
    if (last !== undefined && block.number > last) break
    accepted.push(toRef(block))
    batch.push(block)
    if (batch.length >= RECORDED_BATCH_BLOCKS) await write()
    await yielder.maybeYield()
  }
  if (batch.length > 0) await write()
  return accepted
}

/**
 * Those that are young enough reach validators; nobody may hold them yet. None goes out any more once another branch
 * of our key is known: an operator has to choose first.
 */
export async function publishRecorded(
  {
    chain,
    knowledge,
    publish
  }: Pick<ActionDeps, 'chain' | 'publish'> & {
    readonly knowledge: Pick<ActionDeps['knowledge'], 'hasConflict'>
  },
  recorded: readonly BlockRef[]
): Promise<void> {
  const yielder = createYielder()
  for (const { hash } of recorded) {
    if (knowledge.hasConflict) return
    const block = chain.accepted.acceptedBlock(hash)
    if (block !== undefined) await publish(block)
    await yielder.maybeYield()
  }
}
