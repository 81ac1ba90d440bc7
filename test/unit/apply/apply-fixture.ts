// A node's chain, state, engine and applier over stores in memory that outlive the node.
import assert from 'node:assert/strict'
import { silentLog } from '../../../src/base/log.ts'
import { type Applier, type ApplyStepEvent, createApplier } from '../../../src/apply/applier.ts'
import { type AcceptedStore } from '../../../src/chain/stored/accepted-store.ts'
import { type Block } from '../../../src/chain/blocks/block.ts'
import { createBlockTimes } from '../../../src/chain/blocks/block-times.ts'
import { type BlockStore } from '../../../src/chain/stored/block-store.ts'
import { createSignerSchedule } from '../../../src/chain/blocks/signer-schedule.ts'
import { type LinkRules } from '../../../src/chain/blocks/link.ts'
import { openChain } from '../../../src/chain/stored/open-chain.ts'
import { createEmbeddedEngine } from '../../../src/execution/embedded-engine.ts'
import { createEvmCommon } from '../../../src/execution/evm-rules.ts'
import { genesisChanges } from '../../../src/execution/genesis-state.ts'
import { TransactionPool } from '../../../src/execution/pool.ts'
import { StateStore, type StateStoreOptions } from '../../../src/state/state-store.ts'
import { type KeyValueStore } from '../../../src/store/key-value-store.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import {
  EXECUTION_CHAIN_ID,
  executionGenesis,
  ExecutionChain,
  testAddress
} from '../../support/execution-chain.ts'
import { signedTx } from '../../support/execution-transactions.ts'

/** Both databases, which a restart leaves as they are. */
export interface NodeStores {
  readonly chain: KeyValueStore
  readonly state: KeyValueStore
}

/** Fresh ones. */
export function createNodeStores(): NodeStores {
  return { chain: createMemoryStore(), state: createMemoryStore() }
}

/** One run of a node. */
export interface ApplyNode {
  readonly applier: Applier
  readonly blocks: BlockStore
  readonly accepted: AcceptedStore
  readonly state: StateStore
  /** Begins the state anew, as recovery does when it is lost. */
  readonly resetState: () => Promise<void>
}

const genesis = executionGenesis()

/** The genesis block of every chain here, and blocks of one transfer each that were built on it; another value makes another branch. */
export async function buildChain(length: number, { value = 1n } = {}): Promise<readonly Block[]> {
  const builder = await ExecutionChain.open(genesis)
  const blocks = [builder.head]
  for (let nonce = 0n; nonce < length; nonce++) {
    const transfer = signedTx({ nonce, to: testAddress(7), value, gasLimit: 21_000n })
    blocks.push((await builder.extend([transfer])).block)
  }
  return blocks
}

/** What blocks here go by. */
export const APPLY_RULES: LinkRules = {
  times: createBlockTimes('op', genesis.config.blockTimeMs),
  forks: genesis.config.forks
}

/** Starts a node on the stores; `first` is the genesis block. */
export async function openApplyNode(
  stores: NodeStores,
  first: Block,
  onStep: (event: ApplyStepEvent) => Promise<void> = async () => undefined,
  stateLimits: Partial<StateStoreOptions> = {}
): Promise<ApplyNode> {
  const schedule = createSignerSchedule(genesis.config.signers)
  const { blocks, accepted } = await openChain(stores.chain, { genesis: first, schedule })
  const state = new StateStore({ store: stores.state, log: silentLog }, stateLimits)
  const resetState = async () => {
    const changes = genesisChanges(genesis.alloc)
    const root = await state.resetToGenesis({ changes, number: 0n, hash: first.hash })
    assert.equal(root, first.stateRoot)
  }
  if (state.diskPoint() === undefined) await resetState()
  const common = createEvmCommon(EXECUTION_CHAIN_ID)
  const pool = new TransactionPool({ common, head: () => undefined })
  const rules = APPLY_RULES
  const engine = createEmbeddedEngine({ common, chain: blocks, state, pool, rules, log: silentLog })
  const applier = createApplier({ engine, chain: blocks, layers: state, rules, onStep })
  return { applier, blocks, accepted, state, resetState }
}
