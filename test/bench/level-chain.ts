// A chain on disk as a node keeps it, without the node: stores, engine and applier.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { type Applier, createApplier } from '../../src/apply/applier.ts'
import { createBlockTimes } from '../../src/chain/blocks/block-times.ts'
import { type SignedBlock } from '../../src/chain/blocks/block.ts'
import { type Genesis } from '../../src/chain/genesis/genesis.ts'
import { createSignerSchedule } from '../../src/chain/blocks/signer-schedule.ts'
import { createEmbeddedEngine } from '../../src/execution/embedded-engine.ts'
import { type ExecutionEngine } from '../../src/execution/engine.ts'
import { createEvmCommon } from '../../src/execution/evm-rules.ts'
import { TransactionPool } from '../../src/execution/pool.ts'
import { PLACES } from '../../src/config/node-directory.ts'
import { type OpenStores, openStores } from '../../src/node/open-stores.ts'
import { type PreparedLayer } from '../../src/state/layer.ts'
import { type StateStoreOptions } from '../../src/state/state-store.ts'
import { STATE_DATABASE } from '../../src/store/keys.ts'
import { openLevelStore } from '../../src/store/level-store.ts'
import { FEE_RECIPIENT, testKey } from '../support/execution-chain.ts'
import { signBlock } from '../support/signed-chain.ts'
import { type HashedNodes } from './hashed-nodes.ts'

/** One data directory, open. */
export class LevelChain {
  readonly stores: OpenStores
  readonly applier: Applier
  readonly #engine: ExecutionEngine<PreparedLayer>

  constructor(stores: OpenStores, applier: Applier, engine: ExecutionEngine<PreparedLayer>) {
    this.stores = stores
    this.applier = applier
    this.#engine = engine
  }

  /** Begins the chain in an empty directory; continues it in another one. */
  static async open(
    directory: string,
    genesis: Genesis,
    stateLimits: Partial<StateStoreOptions> = {}
  ): Promise<LevelChain> {
    const { chainId, forks, blockTimeMs, signers } = genesis.config
    const schedule = createSignerSchedule(signers)
    const deps = { clock: systemClock, log: silentLog, stateLimits }
    const stores = await openStores(directory, { genesis, schedule }, deps)
    const { blocks, state } = stores
    const common = createEvmCommon(chainId)
    const rules = { times: createBlockTimes('op', blockTimeMs), forks }
    const pool = new TransactionPool({ common, head: () => undefined })
    const engine = createEmbeddedEngine({
      common,
      chain: blocks,
      state,
      pool,
      rules,
      log: silentLog
    })
    const onStep = () => Promise.resolve()
    return new LevelChain(
      stores,
      createApplier({ engine, chain: blocks, layers: state, rules, onStep }),
      engine
    )
  }

  /** Builds a block of these transactions on the head, signs it and takes it in. */
  async build(
    transactions: readonly Uint8Array[],
    gasLimit = this.applier.head().header.gasLimit
  ): Promise<SignedBlock> {
    const { hash, header } = this.applier.head()
    const started = await this.#engine.forkchoiceUpdated(hash, {
      timestamp: header.timestamp + 1n,
      prevRandao: keccak256(header.prevRandao),
      feeRecipient: FEE_RECIPIENT,
      parentBeaconBlockRoot: keccak256(header.parentHash),
      gasLimit,
      transactions,
      noTxPool: true
    })
    assert.ok(started.kind === 'valid' && started.payloadId !== undefined)
    const { block } = await this.#engine.getPayload(started.payloadId)
    const signed = signBlock(block, testKey(0))
    await this.applier.apply(signed)
    return signed
  }

  /** Takes in blocks that others built, and puts the state of the last one on disk. */
  async import(blocks: readonly SignedBlock[]): Promise<void> {
    for (const block of blocks) await this.applier.apply(block)
    await this.stores.state.flushAll(this.applier.head().hash)
  }

  async close(): Promise<void> {
    await this.stores.close()
  }
}

/** Gives a baseline the state of a directory that nobody has open. */
export async function copyNodes(directory: string, nodes: HashedNodes): Promise<void> {
  const store = await openLevelStore(join(directory, PLACES.state), STATE_DATABASE)
  try {
    await nodes.copyFrom(store)
  } finally {
    await store.close()
  }
}
