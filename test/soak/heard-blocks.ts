// When each block was heard by an observer beside the cluster, and which slots went without theirs.
import { type TimelineEntry } from '../../devnet/cluster/report.ts'
import { readBlock } from '../../devnet/cluster/rpc-client.ts'

/** A stretch of blocks, held against the times at which they were heard. */
export interface MeasuredBlocks {
  /** How many there were. */
  readonly slots: number
  /** Heights of which the block was not heard before the end of its slot. */
  readonly lateSlots: readonly number[]
  /** From a block's timestamp to its being heard. */
  readonly latestMs: number
  readonly transfersTotal: number
  readonly transfersLeast: number
}

/** Listens on a timeline. */
export class HeardBlocks {
  readonly #heardAtMs = new Map<number, number>()

  note({ event, number }: TimelineEntry): void {
    if (event !== 'heard' || typeof number !== 'number' || this.#heardAtMs.has(number)) return
    this.#heardAtMs.set(number, Date.now())
  }

  /** A slot has its block when that was heard before the slot's end: one block time after its timestamp. */
  async measure({
    rpcUrl,
    first,
    slots,
    blockTimeMs
  }: {
    readonly rpcUrl: string
    readonly first: number
    readonly slots: number
    readonly blockTimeMs: number
  }): Promise<MeasuredBlocks> {
    const lateSlots: number[] = []
    const counts: number[] = []
    let latestMs = 0
    for (let number = first; number < first + slots; number++) {
      const block = await readBlock(rpcUrl, number)
      const heardMs = this.#heardAtMs.get(number)
      const lateMs =
        block === undefined || heardMs === undefined ? Infinity : heardMs - 1_000 * block.timestamp
      latestMs = Math.max(latestMs, lateMs)
      if (lateMs >= blockTimeMs) lateSlots.push(number)
      counts.push(block?.transactionsCount ?? 0)
    }
    return {
      slots,
      lateSlots,
      latestMs,
      transfersTotal: counts.reduce((sum, count) => sum + count, 0),
      transfersLeast: Math.min(...counts)
    }
  }
}
