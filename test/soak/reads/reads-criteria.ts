// What the readers' counts and the slots are held against.
import { type Criterion } from '../criterion.ts'
import { describeDistribution } from '../distribution.ts'
import { type MeasuredBlocks } from '../heard-blocks.ts'
import { type ReadCounts } from './read-order.ts'

/** Of all reads; what is refused beyond that makes the rest too cheap to prove anything. */
const RIGHT_SHARE_MIN = 0.99
/** An answer that comes later than this after its read was due helps nobody: without it any rate is kept in the end. */
const IN_TIME_MS = 1_000
/** The reader begins and ends within a slot. */
const SLOTS_SLACK = 2

/** What was seen beside the answers. */
export interface ReadsSeen {
  readonly measured: MeasuredBlocks
  /** Of the node that was read from, while it was. */
  readonly cpuSeconds: number
  readonly expected: { readonly readsCount: number; readonly slots: number }
  /** What the cluster's own checks found. */
  readonly broken: readonly string[]
}

/** One criterion for each thing that must hold. */
export function readsCriteria(
  { kinds, faults }: ReadCounts,
  { measured, cpuSeconds, expected, broken }: ReadsSeen
): readonly Criterion[] {
  const sum = (pick: (kind: ReadCounts['kinds'][number]) => number) =>
    kinds.reduce((total, kind) => total + pick(kind), 0)
  const right = sum(({ rightCount }) => rightCount)
  const inTime = sum(({ elapsedMs }) => elapsedMs.filter((ms) => ms <= IN_TIME_MS).length)
  const refused = sum(({ refusedCount }) => refusedCount)
  const wrong = sum(({ wrongCount }) => wrongCount)
  const failed = sum(({ failedCount }) => failedCount)
  const { lateSlots, latestMs } = measured
  const slotsLeast = expected.slots - SLOTS_SLACK
  const builtCount = measured.slots
  return [
    {
      criterion: 'reads: answered within a second, and rightly',
      ok: inTime >= RIGHT_SHARE_MIN * expected.readsCount,
      value: { inTime, right, refused, byKind: kinds.map(describeKind) },
      limit: Math.ceil(RIGHT_SHARE_MIN * expected.readsCount)
    },
    {
      criterion: 'reads: wrong answers, and errors other than of the rate limit',
      ok: wrong === 0 && failed === 0 && right + refused === expected.readsCount,
      value: { wrong, failed, faults },
      limit: 0
    },
    {
      criterion: 'reads: slots without their block',
      ok: lateSlots.length === 0 && builtCount >= slotsLeast,
      value: { late: lateSlots, latestMs, built: builtCount },
      limit: { late: 0, built: slotsLeast }
    },
    {
      criterion: 'reads: heads equal and all checks',
      ok: broken.length === 0,
      value: { broken, cpuSeconds: Math.round(cpuSeconds) },
      limit: 0
    }
  ]
}

function describeKind({ name, rightCount, refusedCount, elapsedMs }: ReadCounts['kinds'][number]) {
  return { name, rightCount, refusedCount, elapsedMs: describeDistribution(elapsedMs) }
}
