// The one loop that builder and executor share: system calls, then transactions, one after the other.
import { type Common } from '@ethereumjs/common'
import { type EVM } from '@ethereumjs/evm'
import { blockBloom, receiptsRoot, type Receipt } from '../chain/blocks/receipt.ts'
import { type StateChanges, type StateView } from '../state/state-view.ts'
import { type BlockEnvironment, type BlockHashes, createBlockEvm } from './block-context.ts'
import { CuttingYielder } from './execution-time.ts'
import { runTransaction } from './run-transaction.ts'
import { StateAdapter } from './state-adapter.ts'
import { runSystemCalls } from './system-calls.ts'
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
    await runSystemCalls({ evm, state }, environment)
    return new BlockExecution({ evm, state, yielder, view }, environment)
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
}
