// Blocks above our head that our key signed: what peers showed, and what we accepted ourselves.
import { type Hex } from '../../base/bytes.ts'
import { type BlockRef } from '../../chain/blocks/block.ts'
import { type ShownBlock } from '../decide/findings.ts'
import { type RecoveryChain } from './ports.ts'

/** By hash, with whoever holds them. */
export class ShownBlocks {
  readonly #chain: RecoveryChain
  readonly #shown = new Map<Hex, { block: BlockRef; holders: Set<string> }>()

  constructor(chain: RecoveryChain) {
    this.#chain = chain
  }

  note({ number, hash }: BlockRef, holder: string): void {
    const known = this.#shown.get(hash)
    if (known) known.holders.add(holder)
    else this.#shown.set(hash, { block: { number, hash }, holders: new Set([holder]) })
  }

  /** Highest first; what was set aside is not among them. */
  above(head: BlockRef): ShownBlock[] {
    const found = new Map<Hex, ShownBlock>()
    for (const { block, holders } of this.#shown.values()) {
      if (block.number <= head.number || this.#chain.accepted.isSetAside(block.hash)) continue
      found.set(block.hash, { block, holders: [...holders] })
    }
    const highest = this.#chain.accepted.highestAccepted()
    const own = [
      ...this.#chain.accepted.acceptedAt(head.number + 1n),
      ...(highest ? [highest] : [])
    ]
    for (const block of own) {
      if (block.number <= head.number || found.has(block.hash)) continue
      found.set(block.hash, { block, holders: ['self'] })
    }
    return [...found.values()].sort((a, b) => Number(b.block.number - a.block.number))
  }

  dropUpTo(head: BlockRef): void {
    for (const [hash, { block }] of this.#shown) {
      if (block.number <= head.number) this.#shown.delete(hash)
    }
  }

  clear(): void {
    this.#shown.clear()
  }
}
