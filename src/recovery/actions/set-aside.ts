// Blocks that an operator gave up: neither such a block nor its descendants decide anything.
import { type Hex } from '../../base/bytes.ts'
import { createYielder, type Yielder } from '../../base/yielder.ts'
import { type BlockRef } from '../../chain/blocks/block.ts'
import { GAP_MAX_BLOCKS } from '../../sync/fetching/fill-gap.ts'
import { type ActionDeps } from './action-deps.ts'
import { formatRef } from '../decide/findings.ts'
import { type RecoveryChain } from '../knowledge/ports.ts'

/** Held ancestors that are looked at: no longer branch is taken in either. */
const ANCESTORS_MAX = GAP_MAX_BLOCKS

/** A block of a branch, and the one it names as its parent, which may not be held. */
export interface HeldAncestor extends BlockRef {
  readonly parentHash: Hex
}

/** The block and its held ancestors, down to the first that is canonical, or to the last that is held. */
export async function* heldAncestors(
  chain: {
    readonly blocks: Pick<RecoveryChain['blocks'], 'canonicalHash'>
    readonly accepted: Pick<RecoveryChain['accepted'], 'namedBlock'>
  },
  tip: Hex,
  yielder: Yielder = createYielder()
): AsyncGenerator<HeldAncestor, void, undefined> {
  let block = chain.accepted.namedBlock(tip)
  for (let count = 0; block !== undefined && count < ANCESTORS_MAX; count++) {
    const { number, hash, parentHash } = block
    if (chain.blocks.canonicalHash(number) === hash) return
    yield { number, hash, parentHash }
    await yielder.maybeYield()
    block = chain.accepted.namedBlock(parentHash)
  }
}

/**
 * The block that was set aside on which this one stands, or which it is; it and all between are set aside with it
 * then. Undefined when it stands on none, as far as held blocks tell.
 */
export async function followsSetAside(
  { chain, knowledge, log }: Pick<ActionDeps, 'chain' | 'knowledge' | 'log'>,
  tip: Hex
): Promise<BlockRef | undefined> {
  if (!chain.accepted.hasSetAside) return undefined
  const unmarked: Hex[] = []
  for await (const { number, hash, parentHash } of heldAncestors(chain, tip)) {
    const isMarked = chain.accepted.isSetAside(hash)
    if (!isMarked) unmarked.push(hash)
    if (!isMarked && !chain.accepted.isSetAside(parentHash)) continue
    const standsOn = isMarked ? { number, hash } : { number: number - 1n, hash: parentHash }
    if (unmarked.length > 0) await chain.accepted.setAside(unmarked, 'chosen-against')
    const foreign = knowledge.noteSetAside(unmarked, standsOn)
    if (foreign !== undefined) {
      const exit = `admin_startSequencer ${chain.head().hash}`
      const block = formatRef(foreign.block)
      log.warn('foreign-block-set-aside', { block, standsOn: formatRef(standsOn), exit })
    }
    return standsOn
  }
  return undefined
}

/** Given up: what of the branch is known by its hash, and what the record holds above the head. */
export async function giveUp(
  { chain, record, log }: Pick<ActionDeps, 'chain' | 'record' | 'log'>,
  { target, above }: { readonly target: BlockRef; readonly above: BlockRef }
): Promise<void> {
  const branch: HeldAncestor[] = []
  for await (const ancestor of heldAncestors(chain, target.hash)) {
    if (ancestor.number > above.number) branch.push(ancestor)
  }
  const lowest = branch.at(-1)
  const unknown =
    lowest !== undefined && lowest.number - 1n > above.number
      ? [{ number: lowest.number - 1n, hash: lowest.parentHash }]
      : []
  const recorded = record.heightsAbove(above.number)
  const all = new Map([...branch, ...unknown, ...recorded, target].map((one) => [one.hash, one]))
  // First the marks: until the record lets go, nothing may be signed there.
  await chain.accepted.setAside([...all.keys()], 'given-up')
  if (recorded.length > 0) await record.release(above.number)
  const sorted = [...all.values()].sort((a, b) => Number(a.number - b.number))
  log.warn('given-up', {
    above: formatRef(above),
    count: sorted.length,
    first: formatRef(sorted[0] ?? target),
    last: formatRef(sorted.at(-1) ?? target)
  })
}
