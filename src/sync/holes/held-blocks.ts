// Blocks of one walk, from their arrival until they are put below the chain: to decode each again from disk takes an eighth of a join.
import { type Hex } from '../../base/bytes.ts'
import { type Block, type SignedBlock } from '../../chain/blocks/block.ts'

/** Bytes of messages that are held in memory; the other blocks are read back. */
export const HELD_BYTES_MAX = 16 * 2 ** 20

/** One walk's. */
export class HeldBlocks {
  readonly #stored: (hash: Hex) => Block | undefined
  readonly #blocks = new Map<Hex, SignedBlock>()
  #bytes = 0

  /** `stored` reads back what is not held. */
  constructor(stored: (hash: Hex) => Block | undefined) {
    this.#stored = stored
  }

  /** Blocks that are on disk. */
  add(blocks: readonly SignedBlock[]): void {
    for (const block of blocks) {
      const bytes = this.#bytes + block.message.length
      if (bytes > HELD_BYTES_MAX || this.#blocks.has(block.hash)) continue
      this.#bytes = bytes
      this.#blocks.set(block.hash, block)
    }
  }

  /** Throws Error where it is neither held nor stored. */
  require(hash: Hex | undefined): Block {
    const block = hash && (this.#blocks.get(hash) ?? this.#stored(hash))
    if (block === undefined) throw new Error(`block ${String(hash)} is gone`)
    return block
  }
}
