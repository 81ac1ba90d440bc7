// One line of a soak: what was demanded, what came out.

/** One criterion as it is printed, one JSON line each. */
export interface Criterion {
  readonly criterion: string
  readonly ok: boolean
  /** What was measured. */
  readonly value: unknown
  /** What it is held against. */
  readonly limit: unknown
}

/** Prints a criterion to stdout and returns it. */
export function printCriterion(criterion: Criterion): Criterion {
  process.stdout.write(`${JSON.stringify(criterion)}\n`)
  return criterion
}

/** Says on stderr what goes on, for whoever waits. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`)
}
