// Everything of a node that needs no network: rules, pool, engine, and the one writer of the chain.
import { type Common } from '@ethereumjs/common'
import { bytesToHex, type Hex } from '../base/bytes.ts'
import { type Clock } from '../base/clock.ts'
import { keccak256 } from '../base/keccak.ts'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { type Service } from '../base/service.ts'
import { nextBaseFee } from '../chain/blocks/base-fee.ts'
import { type Block } from '../chain/blocks/block.ts'
import { type BlockTimes, createBlockTimes } from '../chain/blocks/block-times.ts'
import { createSignerSchedule, type SignerSchedule } from '../chain/blocks/signer-schedule.ts'
import { type Applier, createApplier } from '../apply/applier.ts'
import { createEmbeddedEngine } from '../execution/embedded-engine.ts'
import { type ExecutionEngine } from '../execution/engine.ts'
import { createEvmCommon } from '../execution/evm-rules.ts'
import { loadCurves } from '../execution/pairing-curve.ts'
import { type PoolHead, TransactionPool } from '../execution/pool.ts'
import { prepareTransaction } from '../execution/transaction.ts'
import { type PreparedLayer } from '../state/layer.ts'
import { StateError } from '../state/state-error.ts'
import { type StateStoreOptions } from '../state/state-store.ts'
import { type DatabaseOptions } from './open-databases.ts'
import { type OpenStores, openStores } from './open-stores.ts'
import { type StartInputs } from '../config/start-inputs.ts'
import { createHeadLines } from '../report/head-lines.ts'
import { type OnStep } from './step-events.ts'

/** The chain as this node holds it. */
export interface ChainParts {
  readonly stores: OpenStores
  readonly schedule: SignerSchedule
  readonly times: BlockTimes
  readonly common: Common
  readonly pool: TransactionPool
  readonly engine: ExecutionEngine<PreparedLayer>
  readonly applier: Applier
  /** Shows each new head in the log while it runs. */
  readonly headLines: Service
}

/** What a chain's parts are opened with. */
export interface ChainSurroundings extends DatabaseOptions {
  readonly clock: Clock
  readonly log: Log
  readonly onStep: OnStep
  /** Bounds of the state in memory, in place of a node's own. */
  readonly stateLimits?: Partial<StateStoreOptions> | undefined
}

/** What names a chain and its directory. */
export interface ChainInputs extends Pick<StartInputs, 'genesis' | 'signers' | 'blockTimeMs'> {
  readonly config: Pick<StartInputs['config'], 'dataDir' | 'preset' | 'role'>
}

/** Opens the data directory. Throws StoreError, ChainError. The stores are the caller's to close. */
export async function openChainParts(
  { config, genesis, signers, blockTimeMs }: ChainInputs,
  { clock, log, onStep, stateLimits = {}, ...databases }: ChainSurroundings
): Promise<ChainParts> {
  // Else the first block would pay for it.
  await loadCurves()
  const schedule = createSignerSchedule(signers)
  const times = createBlockTimes(config.preset, blockTimeMs)
  const mayBeginAnew = config.role === 'backup'
  const surroundings = { clock, log, stateLimits, mayBeginAnew, ...databases }
  const stores = await openStores(config.dataDir, { genesis, schedule }, surroundings)
  const { blocks, state } = stores
  const { chainId, forks } = genesis.config
  const common = createEvmCommon(chainId)
  const pool = new TransactionPool({ common, clock, head: () => poolHead(stores, applier.head()) })
  const rules = { times, forks }
  const engine = createEmbeddedEngine({ common, chain: blocks, state, pool, rules, log })
  const headLines = createHeadLines({ clock, log, times })
  const applier = headLines.timed(
    createApplier({ engine, chain: blocks, layers: state, rules, onStep })
  )
  const movePool = (senders: ReadonlySet<Hex>) => {
    try {
      pool.headMoved(senders)
    } catch (thrown) {
      // What is damaged is being mended: the next head moves the rest of it, and no block takes what cannot stand in it.
      if (!(thrown instanceof StateError)) throw thrown
      log.warn('pool-not-moved', { reason: errorMessage(thrown) })
    }
  }
  applier.onHead((block) => {
    const { pending, queued } = pool.counts()
    if (pending + queued > 0) movePool(sendersOf(block, pool, common))
  })
  return { stores, schedule, times, common, pool, engine, applier, headLines }
}

/** The head's state; while that is being rebuilt, the newest that can be read. */
function poolHead({ state }: OpenStores, head: Block): PoolHead | undefined {
  const disk = state.diskPoint()
  const view = state.view(head.hash) ?? (disk && state.view(disk.hash))
  if (view === undefined) return undefined
  return {
    account: (hash) => view.account(hash),
    blockGasLimit: head.header.gasLimit,
    baseFee: nextBaseFee(head.header)
  }
}

function sendersOf({ transactions }: Block, pool: TransactionPool, common: Common) {
  return new Set(
    transactions.map((raw) => {
      const pooled = pool.get(bytesToHex(keccak256(raw)))
      return (pooled ?? prepareTransaction(raw, common)).senderHex
    })
  )
}
