// One payload under construction: filled in the background, best price first, until it is asked for.
import { errorMessage, NodeError } from '../base/node-error.ts'
import { type Log } from '../base/log.ts'
import { createYielder } from '../base/yielder.ts'
import { type BlockExecution } from './block-loop.ts'
import { type BlockTime, ExecutionCutOff, type ExecutionTime } from './execution-time.ts'
import { PoolError } from './pool-admission.ts'
import { type TransactionPool } from './pool.ts'
import { InclusionError } from './run-transaction.ts'
import { type PreparedTx } from './transaction.ts'

/** Gas of the smallest transaction: with less left the block is full. */
const SMALLEST_GAS = 21_000n
/** Uncompressed bytes of transactions in one block, so that its message stays below the wire's 10 MiB. */
export const TRANSACTIONS_MAX_BYTES = 9 * 2 ** 20

/** A job's inputs. */
export interface PayloadJobDeps {
  readonly execution: BlockExecution
  readonly gasLimit: bigint
  readonly baseFee: bigint
  /** Undefined for an empty block. */
  readonly pool: TransactionPool | undefined
  readonly time: ExecutionTime
  readonly log: Log
}

/** Runs from its creation until `stop`. */
export class PayloadJob {
  readonly #deps: PayloadJobDeps
  readonly #time: BlockTime
  readonly #included: PreparedTx[] = []
  readonly #seen = new Set<string>()
  readonly #cutOffs = new Set<string>()
  readonly #filled: Promise<void>
  #bytes = 0
  #isStopped = false
  #wake: (() => void) | undefined

  /** `forced` come first; one that cannot run fails the job. */
  constructor(deps: PayloadJobDeps, forced: readonly PreparedTx[]) {
    this.#deps = deps
    this.#time = deps.time.startBlock()
    this.#filled = this.#run(forced)
    this.#filled.catch(() => undefined) // reported by stop()
  }

  /** Ends it where nobody asks for the block any more. */
  abandon(): void {
    this.#isStopped = true
    this.#wake?.()
  }

  /** Cuts a transaction of the pool off that is under way. Throws what a forced transaction, or reading the state, failed with. */
  async stop(): Promise<readonly PreparedTx[]> {
    this.abandon()
    await this.#filled
    return this.#included
  }

  async #run(forced: readonly PreparedTx[]): Promise<void> {
    for (const prepared of forced) {
      await this.#deps.execution.include(prepared)
      this.#note(prepared)
    }
    const { pool } = this.#deps
    if (pool === undefined) return
    let hasNew = false
    const unsubscribe = pool.onAdded(() => {
      hasNew = true
      this.#wake?.()
    })
    try {
      while (!this.#isStopped) {
        hasNew = false
        await this.#fill(pool)
        if (hasNew || this.#isStopped) continue
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        this.#wake = undefined
      }
    } finally {
      unsubscribe()
    }
  }

  /** One pass over the pool as it is now. */
  async #fill(pool: TransactionPool): Promise<void> {
    const { execution, gasLimit, baseFee } = this.#deps
    const yielder = createYielder()
    const order = pool.byPrice(baseFee)
    let next = order.next()
    while (next.done !== true && !this.#isStopped) {
      const prepared = next.value
      if (gasLimit - execution.gasUsed < SMALLEST_GAS || this.#time.isSpent()) return
      let isTaken = this.#seen.has(prepared.hash)
      const isCutOff = this.#cutOffs.has(prepared.hash)
      if (!isTaken && !isCutOff && this.#bytes + prepared.raw.length <= TRANSACTIONS_MAX_BYTES) {
        isTaken = await this.#include(prepared, pool)
      }
      await yielder.maybeYield()
      next = order.next(isTaken)
    }
  }

  /** True when the sender's next may follow. */
  async #include(prepared: PreparedTx, pool: TransactionPool): Promise<boolean> {
    const { execution, log } = this.#deps
    const { hash } = prepared
    const isOver = this.#time.begin()
    try {
      await execution.include(prepared, () => this.#isStopped || isOver())
      this.#time.end()
      this.#note(prepared)
      return true
    } catch (thrown) {
      if (thrown instanceof ExecutionCutOff) {
        this.#cutOff(prepared, pool)
        return false
      }
      this.#time.end()
      // The state cannot be read: no fault of the transaction.
      if (thrown instanceof NodeError && !(thrown instanceof InclusionError)) throw thrown
      if (!isPassing(thrown)) {
        log.warn('transaction-dropped', { hash, reason: errorMessage(thrown) })
        pool.drop(prepared)
      }
      // One that replaces what this block holds already: the sender's next may still follow.
      return isNonceUsed(thrown)
    }
  }

  /** It is tried once more in the next block, where it had little time in this one or had none before. */
  #cutOff(prepared: PreparedTx, pool: TransactionPool): void {
    this.#cutOffs.add(prepared.hash)
    if (!this.#time.cutOff(prepared.hash)) return
    const { log, time } = this.#deps
    const refusal = new PoolError({ code: 'execution-too-long', timeMaxMs: time.transactionMaxMs })
    log.warn('transaction-dropped', { hash: prepared.hash, reason: refusal.message })
    pool.refuse(prepared, refusal)
  }

  #note(prepared: PreparedTx): void {
    this.#included.push(prepared)
    this.#seen.add(prepared.hash)
    this.#bytes += prepared.raw.length
  }
}

function isNonceUsed(thrown: unknown): boolean {
  return thrown instanceof InclusionError && thrown.failure.code === 'nonce-too-low'
}

/** It may run in another block: the pool keeps it. */
function isPassing(thrown: unknown): boolean {
  if (!(thrown instanceof InclusionError)) return false
  const { code } = thrown.failure
  return (
    code === 'block-gas-exceeded' ||
    code === 'nonce-too-high' ||
    code === 'nonce-too-low' ||
    code === 'fee-cap-below-base-fee' ||
    code === 'insufficient-funds'
  )
}
