// One line of a soak: what was demanded, what came out.
import { appendFile } from 'node:fs/promises'

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

/** Appends a criterion to a file that many runs share, with when and by which seed it was found. */
export async function appendCriterion(
  file: string,
  criterion: Criterion,
  { seed }: { readonly seed: number }
): Promise<void> {
  const line = JSON.stringify({ at: new Date().toISOString(), seed, ...criterion })
  await appendFile(file, `${line}\n`)
}

/** Says on stderr what goes on. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`)
}
