// Payload jobs that fill in the background, by their id.
import { type Block } from '../chain/blocks/block.ts'
import { type BlockEnvironment } from './block-context.ts'
import { type BlockExecution } from './block-loop.ts'
import { type PayloadJob } from './payload-job.ts'

/** A job, and what its block is made of. */
export interface OpenJob {
  readonly job: PayloadJob
  readonly execution: BlockExecution
  readonly environment: BlockEnvironment
  readonly parent: Block
}

/** Jobs kept; older ones are given up. */
const JOBS_MAX = 4

/** What was started and not yet asked for. */
export class OpenJobs {
  readonly #open = new Map<string, OpenJob>()
  #startedCount = 0

  /** One job too many stops the oldest. Returns the id. */
  add(open: OpenJob): string {
    this.#startedCount += 1
    const payloadId = `${open.parent.hash.slice(0, 10)}-${String(this.#startedCount)}`
    for (const [oldest, { job }] of this.#open) {
      if (this.#open.size < JOBS_MAX) break
      this.#open.delete(oldest)
      job.abandon()
    }
    this.#open.set(payloadId, open)
    return payloadId
  }

  /** Undefined for an id that is unknown, or not kept any more. */
  take(payloadId: string): OpenJob | undefined {
    const open = this.#open.get(payloadId)
    this.#open.delete(payloadId)
    return open
  }
}
