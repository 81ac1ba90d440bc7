// How long transactions of the pool may run while a block is built: the slot is kept whatever they compute.
import { type Hex } from '../base/bytes.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { LruMap } from '../base/lru.ts'
import { createYielder, type Yielder } from '../base/yielder.ts'

/** Of a slot, what the transactions of one block may take together: backups execute them once more, and persist. */
const BLOCK_SHARE = 0.6
/** Of a slot, what one transaction may take: whatever it is, others find room beside it. */
const TRANSACTION_SHARE = 0.5
/** One that was cut off after so much of a slot had its chance; after less it came at the end of others. */
const CHANCE_SHARE = 0.25
/** Blocks in which a transaction has its chance. */
const CHANCES_MAX = 2
/** Transactions remembered that had a chance. */
const REMEMBERED_MAX = 1_024

/** Thrown out of an execution whose time is over; its state is put back by who catches it. */
export class ExecutionCutOff extends Error {}

/** Yields, and looks each time whether what runs has to end. */
export class CuttingYielder implements Yielder {
  readonly #turns = createYielder()
  /** Asked every few milliseconds of work; true ends it. */
  isOver: (() => boolean) | undefined

  /** Throws ExecutionCutOff. */
  maybeYield(): Promise<void> | undefined {
    const turn = this.#turns.maybeYield()
    if (turn !== undefined && this.isOver?.() === true) throw new ExecutionCutOff('out of time')
    return turn
  }
}

/** The time of one block. */
export interface BlockTime {
  /** True when the block takes no more transactions. */
  isSpent(): boolean
  /** A transaction begins: the answer is true once its time is over. */
  begin(): () => boolean
  /** It ended by itself. */
  end(): void
  /** It was cut off. True when it had its chances, and is not to be tried again. */
  cutOff(hash: Hex): boolean
}

/** Times blocks of one length of slot, and remembers who was cut off. */
export class ExecutionTime {
  readonly transactionMaxMs: number
  readonly #slotMs: number
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #chances = new LruMap<Hex, number>(REMEMBERED_MAX)

  constructor(slotMs: number, clock: Pick<Clock, 'monotonicMs'> = systemClock) {
    this.transactionMaxMs = TRANSACTION_SHARE * slotMs
    this.#slotMs = slotMs
    this.#clock = clock
  }

  startBlock(): BlockTime {
    let leftMs = BLOCK_SHARE * this.#slotMs
    let startedMs = 0
    const passedMs = () => this.#clock.monotonicMs() - startedMs
    const end = () => {
      leftMs -= passedMs()
    }
    return {
      isSpent: () => leftMs <= 0,
      begin: () => {
        startedMs = this.#clock.monotonicMs()
        const maxMs = Math.min(this.transactionMaxMs, leftMs)
        return () => passedMs() > maxMs
      },
      end,
      cutOff: (hash) => {
        const hadChance = passedMs() >= CHANCE_SHARE * this.#slotMs
        end()
        if (!hadChance) return false
        const chances = (this.#chances.get(hash) ?? 0) + 1
        this.#chances.set(hash, chances)
        return chances >= CHANCES_MAX
      }
    }
  }
}
