// A start that was refused for what the operator gave: every problem at once, each with its place.
import { NodeError } from '../base/node-error.ts'
import { plainLine } from './plain-line.ts'

/** One thing to mend. */
export interface ConfigProblem {
  /** The key in the file, or the flag where there is no key. */
  readonly key: string
  /** Where the value came from: `--flag`, `REKINDLE_…`, a file; undefined when nobody gave one. */
  readonly from: string | undefined
  readonly problem: string
}

/** The only failure of everything that reads config. */
export type ConfigFailure = {
  readonly code: 'config-invalid'
  readonly problems: readonly ConfigProblem[]
}

/** Thrown with at least one problem; nothing was written then. */
export class ConfigError extends NodeError<ConfigFailure> {
  constructor(problems: readonly ConfigProblem[]) {
    super({ code: 'config-invalid', problems })
  }
}

/** One line: the key, where its value came from, what is wrong. */
export function describeProblem({ key, from, problem }: ConfigProblem): string {
  const place = from === undefined || from === key ? key : `${key} (${from})`
  return plainLine(`${place}: ${problem}`)
}

/** Characters of a value that a problem quotes. */
const QUOTED_LENGTH_MAX = 100

/** A value as a problem quotes it: JSON, cut short. */
export function quoteValue(value: unknown): string {
  // JSON has no text for `undefined` alone.
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > QUOTED_LENGTH_MAX ? `${text.slice(0, QUOTED_LENGTH_MAX)}…` : text
}
