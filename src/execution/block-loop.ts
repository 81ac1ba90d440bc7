// The one loop that builder and executor share: system calls, then transactions, one after the other.
import { type Common } from '@ethereumjs/common'
import { type EVM } from '@ethereumjs/evm'
import { createAddressFromString } from '@ethereumjs/util'
import { type Hex } from '../base/bytes.ts'
import { blockBloom, receiptsRoot, type Receipt } from '../chain/blocks/receipt.ts'
import { type StateChanges, type StateView } from '../state/state-view.ts'
import {
  type BlockEnvironment,
  type BlockHashes,
  createBlockEvm,
  evmBlock
} from './block-context.ts'
import { CuttingYielder } from './execution-time.ts'
import { runTransaction } from './run-transaction.ts'
import { StateAdapter } from './state-adapter.ts'
import { type PreparedTx } from './transaction.ts'

/** Where blocks are executed: the rules, the state of the parent, and older hashes. */
export interface ExecutionSite {
  readonly common: Common
  readonly view: StateView
  readonly blockHashes: BlockHashes
}

/** What a block's transactions add up to. */
export interface ExecutionResult {
  readonly receipts: readonly Receipt[]
  readonly receiptsRoot: Uint8Array
  readonly logsBloom: Uint8Array
  readonly gasUsed: bigint
  readonly changes: StateChanges
}

/** EIP-4788 and EIP-2935: called at the start of a block, where the contract exists. */
const SYSTEM_ADDRESS = '0xfffffffffffffffffffffffffffffffffffffffe'
const BEACON_ROOTS_ADDRESS = '0x000f3df6d732807ef1319fb7b8bb8522d0beac02'
const HISTORY_ADDRESS = '0x0000f90827f1c53a10cb7a02335b175320002935'
const SYSTEM_CALL_GAS = 30_000_000n

/** What `begin` puts together. */
interface BlockExecutionParts {
  readonly evm: EVM
  readonly state: StateAdapter
  readonly yielder: CuttingYielder
  readonly view: StateView
}

/** One block under execution; `begin` makes it. */
export class BlockExecution {
  readonly #evm: EVM
  readonly #state: StateAdapter
  readonly #view: StateView
  readonly #environment: BlockEnvironment
  readonly #yielder: CuttingYielder
  readonly #receipts: Receipt[] = []
  #gasUsed = 0n

  constructor({ evm, state, yielder, view }: BlockExecutionParts, environment: BlockEnvironment) {
    this.#evm = evm
    this.#state = state
    this.#yielder = yielder
    this.#view = view
    this.#environment = environment
  }

  /** Makes the system calls of the forks; the first transaction may follow. */
  static async begin(
    { common, view, blockHashes }: ExecutionSite,
    environment: BlockEnvironment
  ): Promise<BlockExecution> {
    const state = new StateAdapter(view)
    const yielder = new CuttingYielder()
    const evm = await createBlockEvm({ common, state, blockHashes }, yielder)
    const execution = new BlockExecution({ evm, state, yielder, view }, environment)
    const { parentBeaconBlockRoot, parentHash } = environment
    if (parentBeaconBlockRoot !== undefined) {
      await execution.#systemCall(BEACON_ROOTS_ADDRESS, parentBeaconBlockRoot)
    }
    await execution.#systemCall(HISTORY_ADDRESS, parentHash)
    return execution
  }

  get gasUsed(): bigint {
    return this.#gasUsed
  }

  /**
   * Runs one more transaction, to its end unless `isOver` answers true first, which is asked every few milliseconds.
   * Throws InclusionError and ExecutionCutOff; the block then goes on without it.
   */
  async include(prepared: PreparedTx, isOver?: () => boolean): Promise<Receipt> {
    this.#yielder.isOver = isOver
    const { receipt, gasUsed } = await runTransaction(
      { evm: this.#evm, state: this.#state, yielder: this.#yielder },
      this.#environment,
      prepared,
      this.#gasUsed
    )
    this.#gasUsed += gasUsed
    this.#receipts.push(receipt)
    return receipt
  }

  async finish(): Promise<ExecutionResult> {
    return {
      receipts: this.#receipts,
      receiptsRoot: receiptsRoot(this.#receipts),
      logsBloom: blockBloom(this.#receipts),
      gasUsed: this.#gasUsed,
      changes: await this.#state.changes(this.#view)
    }
  }

  async #systemCall(address: Hex, data: Uint8Array): Promise<void> {
    const to = createAddressFromString(address)
    if ((await this.#state.getCode(to)).length === 0) return
    const { journal } = this.#evm
    await journal.checkpoint()
    await this.#evm.runCall({
      block: evmBlock(this.#environment),
      caller: createAddressFromString(SYSTEM_ADDRESS),
      to,
      data,
      gasLimit: SYSTEM_CALL_GAS,
      gasPrice: 0n,
      value: 0n,
      skipNonceIncrement: true
    })
    await journal.cleanup()
    await journal.commit()
    journal.cleanJournal()
    // What the call wrote is what the first transaction finds (EIP-2200), as after any transaction.
    this.#state.originalStorageCache.clear()
  }
}
