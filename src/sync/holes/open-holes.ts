// Stored blocks below the head that are incomplete: found from the head down, struck off as they come back.
import { type Hex } from '../../base/bytes.ts'
import { createYielder } from '../../base/yielder.ts'
import { type BlockRef } from '../../chain/blocks/block.ts'
import { type Hole, type HoleLook } from '../../chain/stored/find-holes.ts'
import { type HeightRange } from '../fetching/range-fetcher.ts'

/** Heights that are kept; the search goes on when some of them were closed. */
export const HOLES_MAX = 65_536

/** Neighbouring heights that lack the same. */
export interface HoleRun extends HeightRange {
  /** Blocks: the block itself, and what goes with it. Receipts: those alone. */
  readonly lacks: 'blocks' | 'receipts'
}

/** Where it is looked. */
export interface OpenHolesDeps {
  readonly look: HoleLook
  /** The head when the search begins: nothing needs to prove it. */
  readonly head: BlockRef
  /** What the canonical block of a height names as its parent; undefined when it is not there. */
  readonly parentHashAt: (number: bigint) => Hex | undefined
  /** The lowest height that is stored: below it nothing was lost. */
  readonly oldestBlock: () => bigint
}

/** Holes by height. One per node. */
export class OpenHoles {
  readonly #deps: OpenHolesDeps
  readonly #holes = new Map<bigint, Hole>()
  /** The height that is looked at next. */
  #next: bigint
  /** What the block above it names as its parent. */
  #expectedHash: Hex | undefined
  /** Of all heights above this one, each is named by its child, and there. */
  #soundAbove: bigint

  constructor(deps: OpenHolesDeps) {
    this.#deps = deps
    this.#next = deps.head.number
    this.#expectedHash = deps.head.hash
    this.#soundAbove = deps.head.number
  }

  get size(): number {
    return this.#holes.size
  }

  /** Blocks and receipts that are not there, of the heights of a range. */
  lacking(range: HeightRange): { readonly blocksCount: number; readonly receiptsCount: number } {
    let [blocksCount, receiptsCount] = [0, 0]
    for (const { lacksBlock, lacksReceipts } of this.within(range)) {
      blocksCount += Number(lacksBlock)
      receiptsCount += Number(lacksReceipts)
    }
    return { blocksCount, receiptsCount }
  }

  /** All heights that there are. */
  get heights(): HeightRange {
    return { first: 0n, last: this.#deps.head.number }
  }

  /** True once the oldest block was looked at. */
  get isSearched(): boolean {
    return this.#next < this.#deps.oldestBlock()
  }

  /** The height that is looked at next. */
  get next(): bigint {
    return this.#next
  }

  /** Those of a range, from the top down, as of now. */
  within({ first, last }: HeightRange): readonly Hole[] {
    const found: Hole[] = []
    for (const hole of this.#holes.values()) {
      if (hole.number >= first && hole.number <= last) found.push(hole)
    }
    return found.sort((one, other) => Number(other.number - one.number))
  }

  /** Looks at every height down to this one, and on to the end of the run of missing blocks that it ends in. */
  async searchDownTo(number: bigint): Promise<void> {
    const yielder = createYielder()
    while (this.#next >= number || this.#holes.get(this.#next + 1n)?.lacksBlock === true) {
      if (this.isSearched || this.#holes.size >= HOLES_MAX) return
      const { hole, parentHash } = this.#lookAt(this.#next, this.#expectedHash)
      if (hole !== undefined) this.#holes.set(hole.number, hole)
      this.#expectedHash = parentHash
      this.#next -= 1n
      await yielder.maybeYield()
    }
  }

  /** Looks at one again that was looked at before: undefined when it is whole, else as it is now. */
  update(number: bigint): Hole | undefined {
    const { head, parentHashAt } = this.#deps
    const named = number === head.number ? head.hash : parentHashAt(number + 1n)
    const { hole } = this.#lookAt(number, named)
    if (hole === undefined) this.#holes.delete(number)
    else this.#holes.set(number, hole)
    if (isBroken(hole) && number > this.#soundAbove) this.#soundAbove = number
    return hole
  }

  /** The highest height of a range whose block is not there. */
  missingBlock({ first, last }: HeightRange): bigint | undefined {
    return this.#highest({ first, last }, ({ lacksBlock }) => lacksBlock)
  }

  /** The highest height of a range of which not even the hash is known. */
  unknownHash({ first, last }: HeightRange): bigint | undefined {
    return this.#highest({ first, last }, ({ lacksPointer }) => lacksPointer)
  }

  /** From the top down. */
  runs(): readonly HoleRun[] {
    const runs: { first: bigint; last: bigint; lacks: HoleRun['lacks'] }[] = []
    for (const { number, lacksBlock } of this.within(this.heights)) {
      const lacks = lacksBlock ? 'blocks' : 'receipts'
      const open = runs.at(-1)
      if (open?.first === number + 1n && open.lacks === lacks) open.first = number
      else runs.push({ first: number, last: number, lacks })
    }
    return runs
  }

  #lookAt(number: bigint, hash: Hex | undefined) {
    while (this.#soundAbove > this.#next && !isBroken(this.#holes.get(this.#soundAbove))) {
      this.#soundAbove -= 1n
    }
    const isProven = number >= this.#soundAbove
    return this.#deps.look(number, hash === undefined ? undefined : { hash, isProven })
  }

  #highest({ first, last }: HeightRange, is: (hole: Hole) => boolean): bigint | undefined {
    let highest: bigint | undefined
    for (const hole of this.#holes.values()) {
      if (hole.number < first || hole.number > last || !is(hole)) continue
      if (highest === undefined || hole.number > highest) highest = hole.number
    }
    return highest
  }
}

/** Below such a height nothing is proved. */
function isBroken(hole: Hole | undefined): boolean {
  return hole !== undefined && (hole.lacksBlock || hole.lacksPointer)
}
