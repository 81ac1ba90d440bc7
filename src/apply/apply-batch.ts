// Blocks made the head by their diffs, several at once: one check after the other, one write, one layer (README.md, "Five ways").
import { type Block, type BlockRef, toRef } from '../chain/blocks/block.ts'
import { type Receipt } from '../chain/blocks/receipt.ts'
import { type PersistedBlock } from '../chain/stored/block-store.ts'
import { type StatePoint } from '../state/state-view.ts'
import { checkBatch, type CheckedBatch, type DiffBatchDeps } from './diff-batch.ts'
import { type DiffStep } from './diff-layer.ts'
import { addLayer, diskNumber } from './new-layer.ts'
import { type DiffTarget } from './replay-diffs.ts'

/** A block that became the head, with its receipts. */
export interface NewHead {
  readonly block: Block
  readonly receipts: readonly Receipt[]
}

/** The applier, as this part of it needs it. */
export interface BatchSite extends DiffBatchDeps {
  readonly chain: {
    head(): Block
    persistAll(steps: readonly PersistedBlock[]): Promise<void>
  }
  readonly layers: DiffBatchDeps['layers'] &
    Pick<DiffTarget, 'add' | 'cap' | 'room'> & {
      readonly persistedPoint: () => StatePoint | undefined
    }
  readonly onStep: (event: {
    readonly step: 'persisted'
    readonly block: BlockRef
  }) => Promise<void>
  readonly head: () => Block
  /** Moves the head, and tells of each that is new. */
  readonly setHead: (head: Block, told: readonly NewHead[]) => Promise<void>
  /** One block by its diff; says what is wrong with it, or mends our own state. Throws ApplyError. */
  readonly applyAlone: (block: Block, bytes: Uint8Array) => Promise<void>
}

/** Throws ApplyError at the first that is refused; those before it are the chain by then. */
export async function applyBatches(site: BatchSite, steps: readonly DiffStep[]): Promise<void> {
  let done = 0
  while (done < steps.length) {
    const rest = steps.slice(done)
    const checked = await checkBatch(site, site.head(), rest)
    if (checked === undefined) {
      const { block, bytes } = rest[0]!
      await site.applyAlone(block, bytes)
      done += 1
      continue
    }
    await makeHeads(site, checked)
    done += checked.steps.length
  }
}

/** In the order of a single block: the write, the layer, the head. */
async function makeHeads(
  { chain, layers, onStep, setHead }: BatchSite,
  { steps, receipts, layer }: CheckedBatch
): Promise<void> {
  const last = steps.at(-1)?.block
  if (last === undefined) return
  const disk = diskNumber(layers)
  const batch = steps.map(({ block, bytes }, at) => {
    return { block, receipts: receipts[at] ?? [], diff: { bytes, diskNumber: disk } }
  })
  // What is on disk already when a later step failed before.
  const stored = chain.head().number
  await chain.persistAll(batch.filter(({ block }) => block.number > stored))
  for (const { block } of batch) await onStep({ step: 'persisted', block: toRef(block) })
  addLayer(layers, last, { layer })
  await setHead(last, batch)
  await layers.room()
}
