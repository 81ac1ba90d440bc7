// One line of a bench: a ratio between two things measured in one run, alternated.

/** What a bench prints, one JSON line for each size. */
export interface BenchLine {
  readonly bench: string
  readonly size: string
  readonly ours: number
  readonly baseline: number
  readonly unit: string
  /** ours / baseline. */
  readonly ratio: number
  /** The ratio that is good enough; more is not. null where no target is set: then the figures are the answer. */
  readonly target: number | null
  readonly ok: boolean
}

/** How thorough a run is. */
export interface BenchOptions {
  /** The smallest size alone, once: shows that it works, and measures nothing. */
  readonly isSmallest: boolean
  /** Times each side is measured; the median counts. */
  readonly times: number
}

/** One bench; yields a line for each size. */
export type Bench = (options: BenchOptions) => AsyncIterable<BenchLine>

/** A line from what was measured, numbers rounded to a thousandth. */
export function benchLine(
  { bench, size, unit, target }: Pick<BenchLine, 'bench' | 'size' | 'unit' | 'target'>,
  ours: readonly number[],
  baseline: readonly number[]
): BenchLine {
  const [one, other] = [median(ours), median(baseline)]
  const ratio = one / other
  return {
    bench,
    size,
    ours: round(one),
    baseline: round(other),
    unit,
    ratio: round(ratio),
    target,
    ok: target === null || ratio <= target
  }
}

/** The middle one, or the mean of the two in the middle. Throws RangeError for an empty list. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.floor((sorted.length - 1) / 2)]
  if (upper === undefined || lower === undefined) throw new RangeError('a median of nothing')
  return (upper + lower) / 2
}

function round(value: number): number {
  return Math.round(1_000 * value) / 1_000
}
