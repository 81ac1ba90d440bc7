// The only writer of canonical data: execute, check, persist in one batch, move the head.
import { type Hex } from '../base/bytes.ts'
import { NodeError } from '../base/node-error.ts'
import { SerialExecutor } from '../base/serial.ts'
import { type Block, type BlockRef } from '../chain/block.ts'
import { type Receipt } from '../chain/receipt.ts'
import { type ExecutionEngine, type NewPayloadValid } from '../execution/engine.ts'
import { type PreparedLayer } from '../state/layer.ts'

/** What applying writes to; the canonical block store satisfies it. */
export interface CanonicalWriter {
  head(): Block
  blockByNumber(number: bigint): Block | undefined
  /** One synced batch: block, receipts, indexes, canonical pointer, head. */
  persist(block: Block, receipts: readonly Receipt[]): Promise<void>
}

/** Where the new state goes; the state store satisfies it. */
export interface LayerSink {
  add: (layer: PreparedLayer, block: BlockRef) => void
  /** Keeps the layers below this head bounded; flushes in the background. */
  cap: (headHash: Hex) => void
}

/** A finished step of applying a block; awaited before the next. */
export interface ApplyStepEvent {
  readonly step: 'persisted' | 'head-set'
  readonly block: BlockRef
}

/** Why a block was not applied. */
export type ApplyFailure =
  | { readonly code: 'not-child-of-head'; readonly number: bigint; readonly headNumber: bigint }
  | { readonly code: 'block-invalid'; readonly number: bigint; readonly reason: string }
  | { readonly code: 'state-not-readable'; readonly number: bigint }
  | { readonly code: 'block-missing'; readonly number: bigint }

/** Thrown when a block cannot be applied; nothing was written. */
export class ApplyError extends NodeError<ApplyFailure> {}

/** Blocks that wait to be applied, at most; whoever brings more has to wait for its turn itself. */
const APPLY_JOBS_MAX = 64

/** What applying stands on. */
export interface ApplierDeps {
  readonly engine: ExecutionEngine<PreparedLayer>
  readonly chain: CanonicalWriter
  readonly layers: LayerSink
  readonly onStep: (event: ApplyStepEvent) => Promise<void>
}

/** The writer of one node's chain. Calls are carried out one at a time, in their order. */
export interface Applier {
  /** Executes a child of the head, persists it and makes it the head. Throws ApplyError; StoreError. */
  apply(block: Block): Promise<void>
  /** Executes a stored canonical block again for its state, which was lost. Throws ApplyError. */
  replay(number: bigint): Promise<void>
  /** The head with its state: moves after the block is on disk and its layer is in. */
  readonly head: () => Block
  /** Calls back after each new head, in order. */
  onHead(listener: (block: Block, receipts: readonly Receipt[]) => void): void
}

/** Makes the writer; `chain` and `layers` are written by nobody else from then on. */
export function createApplier({ engine, chain, layers, onStep }: ApplierDeps): Applier {
  const turns = new SerialExecutor('apply', APPLY_JOBS_MAX)
  let current = chain.head()
  const listeners: ((block: Block, receipts: readonly Receipt[]) => void)[] = []

  async function execute(block: Block): Promise<NewPayloadValid<PreparedLayer>> {
    const result = await engine.newPayload(block)
    if (result.kind === 'valid') return result
    const { number } = block
    if (result.kind === 'invalid') {
      throw new ApplyError({ code: 'block-invalid', number, reason: result.reason })
    }
    throw new ApplyError({ code: 'state-not-readable', number })
  }

  function addLayer({ number, hash }: Block, { layer }: NewPayloadValid<PreparedLayer>): void {
    layers.add(layer, { number, hash })
    layers.cap(hash)
  }

  async function applyNext(block: Block): Promise<void> {
    const { number, hash } = block
    if (block.parentHash !== current.hash) {
      throw new ApplyError({ code: 'not-child-of-head', number, headNumber: current.number })
    }
    const valid = await execute(block)
    // It is on disk already when a later step of the same block failed before.
    if (chain.head().hash !== hash) await chain.persist(block, valid.receipts)
    await onStep({ step: 'persisted', block: { number, hash } })
    addLayer(block, valid)
    current = block
    for (const listener of listeners) listener(block, valid.receipts)
    await onStep({ step: 'head-set', block: { number, hash } })
  }

  async function replayStored(number: bigint): Promise<void> {
    const block = chain.blockByNumber(number)
    if (block === undefined) throw new ApplyError({ code: 'block-missing', number })
    addLayer(block, await execute(block))
  }

  return {
    apply: (block) => turns.run(() => applyNext(block)),
    head: () => current,
    replay: (number) => turns.run(() => replayStored(number)),
    onHead: (listener) => void listeners.push(listener)
  }
}
