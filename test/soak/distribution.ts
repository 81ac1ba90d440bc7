// How long something took, over many times.

/** The usual marks of a distribution, rounded to whole numbers. */
export interface Distribution {
  readonly count: number
  readonly min: number
  readonly median: number
  readonly p90: number
  readonly max: number
}

/** Undefined of nothing. Each mark is a value that was measured: the nearest rank. */
export function describeDistribution(values: readonly number[]): Distribution | undefined {
  if (values.length === 0) return undefined
  const sorted = [...values].sort((a, b) => a - b)
  const rank = (share: number) => Math.round(sorted[Math.ceil(share * sorted.length) - 1]!)
  return {
    count: sorted.length,
    min: Math.round(sorted[0]!),
    median: rank(0.5),
    p90: rank(0.9),
    max: rank(1)
  }
}
