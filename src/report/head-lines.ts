// A line of the log for each new head, or for all of a moment: number, hash, transactions, gas, and how long it took.
import { type Applier } from '../apply/applier.ts'
import { type DiffStep } from '../apply/diff-layer.ts'
import { type LinkedStretch } from '../apply/link-blocks.ts'
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { type Service } from '../base/service.ts'
import { type Block } from '../chain/blocks/block.ts'
import { type BlockTimes } from '../chain/blocks/block-times.ts'
import { createWaker } from '../recovery/waker.ts'

/** Between two lines at the head of the chain: one a block, of blocks that come no faster. */
export const HEAD_LINE_MIN_MS = 500
/** And while older blocks are caught up with; go-ethereum's is 8 s (core/blockchain_insert.go, statsReportLimit). */
export const CATCH_UP_LINE_MIN_MS = 4_000
/** A head is shown with its age from here on, as there (insertStats.report). */
const AGE_SHOWN_MS = 60_000

/** What lies between two lines. */
interface Segment {
  last: Block
  blocksCount: number
  transactionsCount: number
  gas: bigint
  elapsedMs: number
}

/** Writes the lines while it runs; the last one when it is stopped. */
export interface HeadLines extends Service {
  /** The applier whose heads are shown; the time of a block is counted from where its work began. */
  timed(applier: Applier): Applier
}

/** One per node. */
export function createHeadLines({
  clock,
  log,
  times
}: {
  readonly clock: Clock
  readonly log: Log
  readonly times: BlockTimes
}): HeadLines {
  const waker = createWaker(clock)
  let segment: Segment | undefined
  let underWayCount = 0
  let countedMs = 0

  function note(last: Block): void {
    const nowMs = clock.monotonicMs()
    const before = segment ?? { blocksCount: 0, transactionsCount: 0, gas: 0n, elapsedMs: 0 }
    segment = {
      last,
      blocksCount: before.blocksCount + 1,
      transactionsCount: before.transactionsCount + last.transactions.length,
      gas: before.gas + last.header.gasUsed,
      elapsedMs: before.elapsedMs + nowMs - countedMs
    }
    countedMs = nowMs
    waker.wake()
  }

  /** Milliseconds until the next line. */
  function report(): number {
    if (segment === undefined) return HEAD_LINE_MIN_MS
    const ageMs = clock.nowMs() - times.timestampMs(segment.last.header)
    log.info('head', describeSegment(segment, ageMs))
    segment = undefined
    return ageMs >= AGE_SHOWN_MS ? CATCH_UP_LINE_MIN_MS : HEAD_LINE_MIN_MS
  }

  function counted<Given extends readonly unknown[]>(work: (...given: Given) => Promise<void>) {
    return async (...given: Given): Promise<void> => {
      if (underWayCount === 0) countedMs = clock.monotonicMs()
      underWayCount += 1
      try {
        await work(...given)
      } finally {
        underWayCount -= 1
      }
    }
  }

  return {
    timed(applier) {
      applier.onHead(note)
      return {
        ...applier,
        apply: counted((block: Block) => applier.apply(block)),
        applyDiff: counted((block: Block, bytes: Uint8Array) => applier.applyDiff(block, bytes)),
        applyDiffs: counted((steps: readonly DiffStep[]) => applier.applyDiffs(steps)),
        link: counted((stretch: LinkedStretch) => applier.link(stretch))
      }
    },
    async run(signal) {
      try {
        while (!signal.aborted) {
          await waker.wait(undefined, signal)
          await clock.sleep(report(), signal)
        }
      } catch (thrown) {
        if (!signal.aborted) throw thrown
      } finally {
        report()
      }
    }
  }
}

function describeSegment(segment: Segment, ageMs: number) {
  const { last, blocksCount, transactionsCount, gas, elapsedMs } = segment
  const mgas = Number(gas) / 1e6
  const seconds = elapsedMs / 1_000
  return {
    number: last.number,
    hash: last.hash,
    blocks: blocksCount,
    txs: transactionsCount,
    mgas: rounded(mgas),
    elapsedMs: rounded(elapsedMs),
    mgasPerSecond: seconds > 0 ? rounded(mgas / seconds) : undefined,
    ageSeconds: ageMs >= AGE_SHOWN_MS ? Math.floor(ageMs / 1_000) : undefined
  }
}

/** To three places. */
function rounded(value: number): number {
  return Math.round(1_000 * value) / 1_000
}
