// Blocks that become the chain without being executed: the state on disk is above them already (src/recovery/README.md, "Decisions").
import { type Hex } from '../base/bytes.ts'
import { createYielder } from '../base/yielder.ts'
import { type Block } from '../chain/blocks/block.ts'
import { checkLink, type LinkRules } from '../chain/blocks/link.ts'
import { type StatePoint } from '../state/state-view.ts'
import { ApplyError } from './apply-error.ts'

/** From the child of the head to the block of the state on disk, ascending. */
export interface LinkedStretch {
  readonly path: readonly Hex[]
  /** A verified block, signed or named by a signed descendant. Asked for each block twice. */
  readonly block: (hash: Hex) => Block | undefined
  readonly onLinked?: (count: number) => void
  readonly signal: AbortSignal
}

/** What linking writes to; the canonical block store satisfies it. */
export interface LinkedWriter {
  head(): Block
  /** As a block's batch, without receipts and diff; `isLast` where the state on disk is of it. */
  persistLinked(block: Block, options: { readonly isLast: boolean }): Promise<void>
}

/** What linking needs. */
export interface LinkBlocksDeps {
  readonly chain: LinkedWriter
  /** The block that the state on disk is of. */
  readonly layers: { readonly persistedPoint: () => StatePoint | undefined }
  readonly rules: LinkRules
}

/** Resolves once all are canonical; `onLinked` is awaited after each. Throws ApplyError before anything is written. */
export async function linkBlocks(
  { chain, layers, rules }: LinkBlocksDeps,
  { head, stretch }: { readonly head: Block; readonly stretch: LinkedStretch },
  onLinked: (block: Block) => Promise<void>
): Promise<void> {
  const point = layers.persistedPoint()
  await assertLeadsToState({ rules, point }, head, stretch)
  for (const block of blocksOf(stretch, head)) {
    stretch.signal.throwIfAborted()
    // It is on disk already when a later step of the same block failed before.
    if (chain.head().hash !== block.hash) {
      await chain.persistLinked(block, { isLast: block.hash === point?.hash })
    }
    await onLinked(block)
    stretch.onLinked?.(1)
  }
}

/**
 * Nothing of the stretch may be written before all of it is known to end in the state on disk: then this node, or
 * the writer of that state executed each of its blocks. Throws ApplyError `block-invalid`, `block-missing`,
 * `state-not-readable`.
 */
async function assertLeadsToState(
  { rules, point }: { readonly rules: LinkRules; readonly point: StatePoint | undefined },
  head: Block,
  stretch: LinkedStretch
): Promise<void> {
  const yielder = createYielder()
  let last = head
  for (const block of blocksOf(stretch, head)) {
    stretch.signal.throwIfAborted()
    const failure = checkLink(last, block, rules)
    if (failure !== undefined) {
      const { number } = block
      throw new ApplyError({ code: 'block-invalid', number, reason: failure.code })
    }
    last = block
    await yielder.maybeYield()
  }
  assertIsOfState(point, last)
}

/** Throws ApplyError `state-not-readable`, `block-invalid` unless the state is that after the block. */
export function assertIsOfState(
  point: StatePoint | undefined,
  { number, hash, stateRoot }: Block
): void {
  if (point?.hash !== hash || point.number !== number) {
    throw new ApplyError({ code: 'state-not-readable', number })
  }
  if (point.root === stateRoot) return
  const reason = `its state root is ${stateRoot}, that of the state on disk ${point.root}`
  throw new ApplyError({ code: 'block-invalid', number, reason })
}

/** The blocks of the stretch, one at a time. Throws ApplyError `block-missing`. */
function* blocksOf({ path, block }: LinkedStretch, head: Block): Generator<Block> {
  for (const [index, hash] of path.entries()) {
    const found = block(hash)
    if (found === undefined) {
      throw new ApplyError({ code: 'block-missing', number: head.number + BigInt(index) + 1n })
    }
    yield found
  }
}
