// Puts back what was lost of stored blocks out of what is left here; needs no peer.
import { type Hex } from '../../base/bytes.ts'
import { createYielder } from '../../base/yielder.ts'
import { type Block, type BlockRef } from '../../chain/blocks/block.ts'
import { type PutBack } from '../../chain/stored/block-store.ts'
import { type Receipt } from '../../chain/blocks/receipt.ts'
import { type OpenHoles } from './open-holes.ts'
import { type HeightRange } from '../fetching/range-fetcher.ts'

/** What is written to. */
export interface HoleChain {
  canonicalHash(number: bigint): Hex | undefined
  /** Throws unless the child is there and names the block. */
  putBack(lost: PutBack): Promise<void>
  /** Deletes a pointer that is damaged, and that nothing proves. */
  dropDamagedPointer(number: bigint): Promise<void>
}

/** What is left here. */
export interface LocalParts {
  block(ref: BlockRef): Block | undefined
  receipts(block: Block): readonly Receipt[] | undefined
}

/** What mending needs. */
export interface HoleMenderDeps {
  readonly holes: OpenHoles
  readonly chain: HoleChain
  readonly local: LocalParts
}

/** Finds holes, and closes those that need nobody. */
export interface HoleMender extends HoleMenderDeps {
  /** Looks on down to this height, and mends what it finds there. */
  searchDownTo(number: bigint): Promise<void>
  /** Mends what can be mended by now, from the top down. */
  mend(range: HeightRange): Promise<void>
}

/** One per node; nothing was looked at yet. */
export function createHoleMender(deps: HoleMenderDeps): HoleMender {
  const { holes } = deps

  async function mend(range: HeightRange): Promise<void> {
    const yielder = createYielder()
    for (const { number, lacksBlock } of holes.within(range)) {
      await yielder.maybeYield()
      await mendOne(deps, number)
      const isBack = lacksBlock && holes.update(number)?.lacksBlock !== true
      // Its parent was held against nothing while this one was not there.
      if (isBack && number - 1n > holes.next) await mendOne(deps, number - 1n)
    }
  }

  return {
    ...deps,
    mend,
    async searchDownTo(number) {
      const last = holes.next
      const before = holes.size
      await holes.searchDownTo(number)
      if (holes.size > before) await mend({ first: holes.next + 1n, last })
    }
  }
}

async function mendOne({ holes, chain, local }: HoleMenderDeps, number: bigint): Promise<void> {
  const hole = holes.update(number)
  if (hole === undefined) return
  const { hash, isProven, lacksBlock, lacksPointer, lacksIndex, lacksReceipts } = hole
  if (hash === undefined || (lacksPointer && !isProven)) {
    await chain.dropDamagedPointer(number)
    return
  }
  // The hash first: children name it, and a diff is looked up by it.
  if (lacksPointer) await chain.putBack({ number, hash })
  const block = local.block({ number, hash })
  const receipts = block && lacksReceipts ? local.receipts(block) : undefined
  const isIndexBack = block !== undefined && (lacksBlock || lacksIndex)
  if (isIndexBack || receipts !== undefined) {
    await chain.putBack({ number, hash, block, receipts })
  }
  holes.update(number)
}
