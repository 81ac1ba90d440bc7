// The only writer of canonical data: execute, check, persist in one batch, move the head.
import { equalBytes } from '../base/bytes.ts'
import { SerialExecutor } from '../base/serial.ts'
import { type Block, type BlockRef, toRef } from '../chain/blocks/block.ts'
import { type PersistedBlock, type PutBack } from '../chain/stored/block-store.ts'
import { type EncodedDiff } from '../chain/stored/diff-store.ts'
import { MESSAGE_PASSER_HASH } from '../chain/blocks/header.ts'
import { checkLink, type LinkRules } from '../chain/blocks/link.ts'
import { type Receipt, receiptsRoot } from '../chain/blocks/receipt.ts'
import { type ExecutionEngine, type NewPayloadValid } from '../execution/engine.ts'
import { type PreparedLayer } from '../state/layer.ts'
import { onceMended } from '../state/once-mended.ts'
import { type StatePoint } from '../state/state-view.ts'
import { ApplyError } from './apply-error.ts'
import { encodeDiff, isDiffStored } from './block-diff.ts'
import { applyBatches, type NewHead } from './apply-batch.ts'
import { addLayer, diskNumber } from './new-layer.ts'
import { type SeriesBase } from './diff-batch.ts'
import { type DiffStep, layerOfDiff } from './diff-layer.ts'
import { type ProvenReceipts, takeReceipts } from './diff-receipts.ts'
import {
  assertIsOfState,
  linkBlocks,
  type LinkedStretch,
  type LinkedWriter
} from './link-blocks.ts'
import {
  type DiffSource,
  type DiffTarget,
  replayDiff,
  replayDiffs,
  type ReplayRange
} from './replay-diffs.ts'

/** What applying writes to; the canonical block store satisfies it. */
export interface CanonicalWriter extends DiffSource, LinkedWriter {
  /** One synced batch: block, receipts, indexes, canonical pointer, head, and the state diff if there is one. */
  persist(
    block: Block,
    receipts: readonly Receipt[],
    beside: { readonly diff?: EncodedDiff }
  ): Promise<void>
  /** The same for blocks that follow each other, in one synced batch. */
  persistAll(steps: readonly PersistedBlock[]): Promise<void>
  /** Of blocks that are to be linked, in one synced batch. */
  persistReceipts(steps: readonly ProvenReceipts[]): Promise<void>
  /** The diff of a stored block, in place of one that is missing or bad. */
  persistDiff(number: bigint, diff: EncodedDiff): Promise<void>
  /** What was lost of a stored block, once more; the child proves which block it is. */
  putBack(lost: PutBack): Promise<void>
  /** Makes a block the head of a chain that has genesis alone. */
  persistJump(block: Block): Promise<void>
  /** Blocks below the oldest one, from the top down. */
  persistBelow(below: readonly Block[]): Promise<void>
}

/** Where the new state goes; the state store satisfies it. */
export interface LayerSink extends DiffTarget, SeriesBase {
  /** The block that the state on disk is of. */
  persistedPoint: () => StatePoint | undefined
}

/** A finished step of applying a block; awaited before the next. */
export interface ApplyStepEvent {
  readonly step: 'persisted' | 'head-set'
  readonly block: BlockRef
}

/** Blocks that wait to be applied, at most; a caller that brings more has to wait for its turn itself. */
const APPLY_JOBS_MAX = 64

/** What applying needs. */
export interface ApplierDeps {
  readonly engine: ExecutionEngine<PreparedLayer>
  readonly chain: CanonicalWriter
  readonly layers: LayerSink
  /** By which a block that is not executed follows its parent; the engine goes by the same. */
  readonly rules: LinkRules
  readonly onStep: (event: ApplyStepEvent) => Promise<void>
}

/** The writer of one node's chain. Calls are carried out one at a time, in their order. */
export interface Applier {
  /** Executes a child of the head, persists it and makes it the head. Throws ApplyError; StoreError. */
  apply(block: Block): Promise<void>
  /** Makes a child of the head the head as `apply` does, by a diff in place of execution. Throws ApplyError. */
  applyDiff(block: Block, bytes: Uint8Array): Promise<void>
  /**
   * The same for blocks that follow each other, for a node that catches up: each is checked as `applyDiff` checks it, all
   * are written in one synced batch, and the states between are not readable. Where one is refused, those before it are the
   * chain by then. Throws ApplyError, whose number says which it was. The caller bounds how much it brings.
   */
  applyDiffs(steps: readonly DiffStep[]): Promise<void>
  /**
   * Makes blocks the chain up to the one that the state on disk is of, without executing them: it cannot be done,
   * the state before them is gone, and need not be. Throws ApplyError before anything is written.
   */
  link(stretch: LinkedStretch): Promise<void>
  /**
   * Makes the block that the state on disk is of the head of a chain that has genesis alone. Throws ApplyError
   * `state-not-readable`, `block-invalid` before anything is written.
   */
  jump(block: Block): Promise<void>
  /** Puts blocks below the oldest one, from the top down; their receipts are those of `takeReceipts`, if any. */
  putBelow(below: readonly Block[]): Promise<void>
  /**
   * Takes the receipts of blocks that are to be linked out of a peer's diffs, in one synced batch. Throws what
   * receiptsOfDiff does for the first false one; those before it are kept. The caller bounds how much it brings.
   */
  takeReceipts(steps: readonly DiffStep[]): Promise<void>
  /** Executes a stored canonical block again for its state, which was lost. Throws ApplyError. */
  replay(number: bigint): Promise<void>
  /** Rebuilds lost states of stored canonical blocks from their stored diffs. Throws ApplyError. */
  replayDiffs(range: ReplayRange): Promise<void>
  /** Takes a stored canonical block's diff from elsewhere: checks it, and keeps it. Throws ApplyError. */
  replayDiff(number: bigint, bytes: Uint8Array): Promise<void>
  /**
   * Writes what was lost of a stored block once more; the receipts have to be those of its header. Throws
   * ChainError `hash-not-proven`, ApplyError `block-invalid`.
   */
  putBack(lost: PutBack): Promise<void>
  /** The head with its state: moves after the block is on disk and its layer is in. */
  readonly head: () => Block
  /**
   * Calls back after each new head, in order; without receipts where it was linked and not executed. Of several that were
   * written together the last is the head by then.
   */
  onHead(listener: (block: Block, receipts: readonly Receipt[]) => void): void
}

/** Makes the writer; `chain` and `layers` are written by nobody else from then on. */
export function createApplier(deps: ApplierDeps): Applier {
  const { engine, chain, layers, rules, onStep } = deps
  const turns = new SerialExecutor('apply', APPLY_JOBS_MAX)
  let current = chain.head()
  const listeners: ((block: Block, receipts: readonly Receipt[]) => void)[] = []

  function assertNext({ number, parentHash }: Block): void {
    if (parentHash === current.hash) return
    throw new ApplyError({ code: 'not-child-of-head', number, headNumber: current.number })
  }

  async function applyNext(block: Block): Promise<void> {
    assertNext(block)
    const valid = await execute(engine, block)
    await makeHead(block, valid, () => encodeDiff(block, current, valid))
  }

  async function applyByDiff(block: Block, bytes: Uint8Array): Promise<void> {
    assertNext(block)
    const given = await linkedLayer({ layers, rules }, current, { block, bytes })
    await makeHead(block, given, () => bytes)
  }

  async function makeHead(
    block: Block,
    given: Given,
    diff: () => Uint8Array | undefined
  ): Promise<void> {
    const { receipts } = given
    // It is on disk already when a later step of the same block failed before.
    if (chain.head().number < block.number) {
      const bytes = diff()
      const beside = bytes === undefined ? {} : { diff: { bytes, diskNumber: diskNumber(layers) } }
      await chain.persist(block, receipts, beside)
    }
    await onStep({ step: 'persisted', block: toRef(block) })
    addLayer(layers, block, given)
    await setHead(block, [{ block, receipts }])
    await layers.room() // it is the next block that waits, before anybody signs it: this one is complete
  }

  async function setHead(head: Block, told: readonly NewHead[]): Promise<void> {
    current = head
    for (const { block, receipts } of told) {
      for (const listener of listeners) listener(block, receipts)
      await onStep({ step: 'head-set', block: toRef(block) })
    }
  }

  async function linkAll(stretch: LinkedStretch): Promise<void> {
    await linkBlocks({ chain, layers, rules }, { head: current, stretch }, async (block) => {
      await onStep({ step: 'persisted', block: toRef(block) })
      await setHead(block, [{ block, receipts: [] }])
    })
  }

  async function jumpTo(block: Block): Promise<void> {
    assertIsOfState(layers.persistedPoint(), block)
    await chain.persistJump(block)
    await onStep({ step: 'persisted', block: toRef(block) })
    await setHead(block, [{ block, receipts: [] }])
  }

  return {
    apply: (block) => turns.run(() => applyNext(block)),
    applyDiff: (block, bytes) => turns.run(() => applyByDiff(block, bytes)),
    applyDiffs: (steps) =>
      turns.run(() =>
        applyBatches({ ...deps, head: () => current, setHead, applyAlone: applyByDiff }, steps)
      ),
    link: (stretch) => turns.run(() => linkAll(stretch)),
    jump: (block) => turns.run(() => jumpTo(block)),
    head: () => current,
    ...belowHead(deps, turns),
    onHead: (listener) => void listeners.push(listener)
  }
}

/** What makes a block the head. */
interface Given {
  readonly layer: PreparedLayer
  readonly receipts: readonly Receipt[]
}

/** What leaves the head where it is: of blocks that are stored, or are put below those that are. */
function belowHead(
  deps: ApplierDeps,
  turns: SerialExecutor
): Pick<
  Applier,
  'putBelow' | 'takeReceipts' | 'replay' | 'replayDiffs' | 'replayDiff' | 'putBack'
> {
  const { chain, layers } = deps
  return {
    putBelow: (below) => turns.run(() => chain.persistBelow(below)),
    takeReceipts: (steps) => turns.run(() => takeReceipts(chain, steps)),
    replay: (number) => turns.run(() => replayStored(deps, number)),
    replayDiffs: (range) => turns.run(() => replayDiffs({ chain, layers }, range)),
    replayDiff: (number, bytes) => turns.run(() => takeDiff({ chain, layers }, number, bytes)),
    putBack: (lost) =>
      turns.run(async () => {
        assertLost(lost)
        await chain.putBack(lost)
      })
  }
}

async function replayStored(
  { engine, chain, layers }: Pick<ApplierDeps, 'engine' | 'chain' | 'layers'>,
  number: bigint
): Promise<void> {
  const block = chain.blockByNumber(number)
  if (block === undefined) throw new ApplyError({ code: 'block-missing', number })
  const valid = await execute(engine, block)
  addLayer(layers, block, valid)
  await layers.room()
  // Mends what was lost or bad, so that nobody is served a false diff.
  const parent = chain.blockByNumber(number - 1n)
  const bytes = parent && encodeDiff(block, parent, valid)
  if (bytes === undefined || isDiffStored(chain, number, bytes)) return
  await chain.persistDiff(number, { bytes, diskNumber: diskNumber(layers) })
}

async function takeDiff(
  { chain, layers }: Pick<ApplierDeps, 'chain' | 'layers'>,
  number: bigint,
  bytes: Uint8Array
): Promise<void> {
  await replayDiff({ chain, layers }, number, bytes)
  await chain.persistDiff(number, { bytes, diskNumber: diskNumber(layers) })
}

/** A block by its hash, receipts by the root in its header. */
function assertLost({ number, hash, block, receipts }: PutBack): void {
  const isBlockTrue = block === undefined || block.hash === hash
  const areReceiptsTrue =
    receipts === undefined ||
    (block !== undefined && equalBytes(receiptsRoot(receipts), block.header.receiptsRoot))
  if (isBlockTrue && areReceiptsTrue) return
  throw new ApplyError({ code: 'block-invalid', number, reason: 'it is not what was lost' })
}

async function execute(
  engine: ExecutionEngine<PreparedLayer>,
  block: Block
): Promise<NewPayloadValid<PreparedLayer>> {
  const result = await engine.newPayload(block)
  if (result.kind === 'valid') return result
  const { number } = block
  if (result.kind === 'invalid') {
    throw new ApplyError({ code: 'block-invalid', number, reason: result.reason })
  }
  throw new ApplyError({ code: 'state-not-readable', number })
}

/** What a diff gives, with all that execution would have held against the header but the transactions' own rules. */
async function linkedLayer(
  { layers, rules }: Pick<ApplierDeps, 'layers' | 'rules'>,
  parent: Block,
  step: { readonly block: Block; readonly bytes: Uint8Array }
) {
  const { number, header } = step.block
  const failure = checkLink(parent, step.block, rules)
  if (failure !== undefined) {
    throw new ApplyError({ code: 'block-invalid', number, reason: failure.code })
  }
  const { given, root } = await onceMended(layers, parent.hash, async () => {
    const given = await layerOfDiff(layers, parent, step)
    return { given, root: given.layer.storageRoot(MESSAGE_PASSER_HASH) }
  })
  const { withdrawalsRoot } = header
  if (withdrawalsRoot !== undefined && equalBytes(withdrawalsRoot, root)) return given
  throw new ApplyError({ code: 'block-invalid', number, reason: 'withdrawals-root-wrong' })
}
