// The embedded execution engine: builds and executes blocks on our own state. It writes nothing.
import { type Common } from '@ethereumjs/common'
import { hexToBytes, type Hex } from '../base/bytes.ts'
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { LruMap } from '../base/lru.ts'
import { errorMessage, NodeError } from '../base/node-error.ts'
import { createYielder } from '../base/yielder.ts'
import { nextBaseFee } from '../chain/blocks/base-fee.ts'
import { type Block } from '../chain/blocks/block.ts'
import { MESSAGE_PASSER_HASH, toBlock } from '../chain/blocks/header.ts'
import { checkLink, type LinkRules } from '../chain/blocks/link.ts'
import { type EntriesCheck } from '../state/check-entries.ts'
import { accountKey, type EntryKey } from '../state/entry-key.ts'
import { type MendableState, onceMended } from '../state/once-mended.ts'
import { recordReads } from '../state/recorded-reads.ts'
import { type StateChanges, type StateView } from '../state/state-view.ts'
import {
  blockEnvironment,
  type BlockEnvironment,
  BlockHashError,
  type BlockHashes
} from './block-context.ts'
import { BlockExecution, type ExecutionResult, type ExecutionSite } from './block-loop.ts'
import {
  type BuiltPayload,
  type ComputedLayer,
  type ExecutionEngine,
  type ForkchoiceResult,
  type NewPayloadResult,
  type NewPayloadValid,
  type PayloadAttributes
} from './engine.ts'
import { compareWithHeader, sealHeader } from './executed-header.ts'
import { ExecutionTime } from './execution-time.ts'
import { OpenJobs } from './open-jobs.ts'
import { PayloadJob } from './payload-job.ts'
import { type TransactionPool } from './pool.ts'
import { InclusionError } from './run-transaction.ts'
import { prepareTransaction, type PreparedTx, TransactionError } from './transaction.ts'

/** Where layers come from; the state store satisfies it. */
export interface LayerSource<Layer extends ComputedLayer> extends MendableState {
  view: (blockHash: Hex) => StateView | undefined
  prepare: (parentHash: Hex, changes: StateChanges) => Promise<Layer>
  /** Holds flat entries against the block's trie, and mends those on disk that differ. Throws StateError. */
  checkEntries: (blockHash: Hex, keys: Iterable<EntryKey>) => Promise<EntriesCheck>
}

/** Blocks the engine builds on; the canonical block store satisfies it. */
export interface ParentBlocks {
  blockByHash: (hash: Hex) => Block | undefined
  canonicalHash: (number: bigint) => Hex | undefined
}

/** What can go wrong at the engine's verbs. */
export type EngineFailure =
  | { readonly code: 'payload-unknown'; readonly payloadId: string }
  | { readonly code: 'parent-unknown'; readonly parentHash: Hex }

/** Thrown for a payload that is not there (any more), or a block whose parent is not. */
export class EngineError extends NodeError<EngineFailure> {}

/** Dependencies of the engine. */
export interface EngineDeps<Layer extends ComputedLayer> {
  readonly common: Common
  readonly chain: ParentBlocks
  readonly state: LayerSource<Layer>
  readonly pool: TransactionPool
  readonly rules: LinkRules
  readonly log: Log
  /** Times the transactions of blocks that are built; the machine's where there is none. */
  readonly clock?: Pick<Clock, 'monotonicMs'>
}

/** Built blocks kept; older ones are executed again. */
const BUILT_MAX = 4

/** Creates the engine; it holds nothing but the jobs and the blocks it has just built. */
export function createEmbeddedEngine<Layer extends ComputedLayer>(
  deps: EngineDeps<Layer>
): ExecutionEngine<Layer> {
  const { common, chain, state, pool, rules, log } = deps
  const jobs = new OpenJobs()
  const time = new ExecutionTime(rules.times.blockTimeMs, deps.clock)
  const built = new LruMap<Hex, NewPayloadValid<Layer>>(BUILT_MAX)
  const blockHashes: BlockHashes = (number) => chain.canonicalHash(number)

  async function startJob(
    parent: Block,
    view: StateView,
    attributes: PayloadAttributes
  ): Promise<string> {
    const environment = toEnvironment(parent, attributes)
    const execution = await BlockExecution.begin({ common, view, blockHashes }, environment)
    const forced = (attributes.transactions ?? []).map((raw) => prepareTransaction(raw, common))
    const source = {
      execution,
      gasLimit: attributes.gasLimit,
      baseFee: environment.baseFeePerGas,
      pool: attributes.noTxPool ? undefined : pool,
      time,
      log
    }
    return jobs.add({ job: new PayloadJob(source, forced), execution, environment, parent })
  }

  return {
    async forkchoiceUpdated(head, attributes): Promise<ForkchoiceResult> {
      const parent = chain.blockByHash(head)
      if (parent === undefined) return { kind: 'unknown-head' }
      const view = state.view(head)
      if (view === undefined) return { kind: 'state-missing' }
      if (attributes === undefined) return { kind: 'valid', payloadId: undefined }
      return { kind: 'valid', payloadId: await startJob(parent, view, attributes) }
    },

    async getPayload(payloadId): Promise<BuiltPayload> {
      const open = jobs.take(payloadId)
      if (open === undefined) throw new EngineError({ code: 'payload-unknown', payloadId })
      const included = await open.job.stop()
      const result = await open.execution.finish()
      const layer = await state.prepare(open.parent.hash, result.changes)
      const transactions = included.map(({ raw }) => raw)
      const block = toBlock(sealHeader(open, result, layer, transactions), transactions)
      const { receipts, changes } = result
      built.set(block.hash, { kind: 'valid', receipts, changes, layer })
      return { block }
    },

    async newPayload(block): Promise<NewPayloadResult<Layer>> {
      const known = built.get(block.hash)
      if (known !== undefined) {
        built.delete(block.hash)
        return known
      }
      const { parentHash } = block
      const parent = chain.blockByHash(parentHash)
      if (parent === undefined) throw new EngineError({ code: 'parent-unknown', parentHash })
      const failure = checkLink(parent, block, rules)
      if (failure !== undefined) return { kind: 'invalid', reason: failure.code }
      // What the disk damaged of the parent's state is waited for, once it was read.
      return onceMended(state, parentHash, () => executeFair({ common, state, blockHashes }, block))
    }
  }
}

/** Where blocks are executed. */
type ExecuteDeps<Layer extends ComputedLayer> = Pick<EngineDeps<Layer>, 'common' | 'state'> & {
  readonly blockHashes: BlockHashes
}

/** Before a block is refused, what it reads of our own state is held against the trie: an entry that is gone fails no check. */
async function executeFair<Layer extends ComputedLayer>(
  deps: ExecuteDeps<Layer>,
  block: Block
): Promise<NewPayloadResult<Layer>> {
  const { state } = deps
  const view = state.view(block.parentHash)
  if (view === undefined) return { kind: 'parent-state-missing' }
  const result = await execute(deps, block, view)
  if (result.kind !== 'invalid') return result
  const recorded = recordReads(view)
  await execute(deps, block, recorded.view)
  const keys = [...recorded.keys, accountKey(MESSAGE_PASSER_HASH)]
  const { kind } = await state.checkEntries(block.parentHash, keys)
  return kind === 'mended' ? execute(deps, block, view) : result
}

/** A block that follows its parent, on that one's state. Throws StateError on damage. */
async function execute<Layer extends ComputedLayer>(
  { common, state, blockHashes }: ExecuteDeps<Layer>,
  block: Block,
  view: StateView
): Promise<NewPayloadResult<Layer>> {
  const result = await executeAll({ common, view, blockHashes }, block)
  if (typeof result === 'string') return { kind: 'invalid', reason: result }
  const layer = await state.prepare(block.parentHash, result.changes)
  const difference = compareWithHeader(block.header, result, layer)
  if (difference !== undefined) return { kind: 'invalid', reason: difference }
  return { kind: 'valid', receipts: result.receipts, changes: result.changes, layer }
}

/** Runs every transaction of a block; a text when one of them cannot stand there. */
async function executeAll(site: ExecutionSite, block: Block): Promise<ExecutionResult | string> {
  const yielder = createYielder()
  const execution = await BlockExecution.begin(site, blockEnvironment(block))
  for (const [index, raw] of block.transactions.entries()) {
    try {
      const prepared: PreparedTx = prepareTransaction(raw, site.common)
      await execution.include(prepared)
    } catch (thrown) {
      const isOfBlock =
        thrown instanceof InclusionError ||
        thrown instanceof TransactionError ||
        thrown instanceof BlockHashError
      if (!isOfBlock) throw thrown
      return `transaction ${String(index)}: ${errorMessage(thrown)}`
    }
    await yielder.maybeYield()
  }
  const result = await execution.finish()
  await yielder.maybeYield()
  return result
}

function toEnvironment(parent: Block, attributes: PayloadAttributes): BlockEnvironment {
  return {
    number: parent.number + 1n,
    parentHash: hexToBytes(parent.hash),
    timestamp: attributes.timestamp,
    feeRecipient: hexToBytes(attributes.feeRecipient, 20),
    gasLimit: attributes.gasLimit,
    baseFeePerGas: nextBaseFee(parent.header),
    prevRandao: attributes.prevRandao,
    parentBeaconBlockRoot: attributes.parentBeaconBlockRoot
  }
}
