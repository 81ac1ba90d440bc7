// The base of every error the project throws: a closed union of failures, each with its facts.

/** What would break a log line, or move the cursor of a terminal. */
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

/** Facts of one failure; `code` names it and is stable, for logs, JSON and `rekindle explain`. */
export interface Failure {
  readonly code: string
}

/** An error that carries its failure as a value. Each area derives one class with its own union. */
export class NodeError<F extends Failure> extends Error {
  readonly failure: F

  constructor(failure: F, options?: { readonly cause?: unknown }) {
    super(describeFailure(failure), options)
    this.name = new.target.name
    this.failure = failure
  }
}

/** One line: the code, then each fact as `name=value`, control characters escaped. */
export function describeFailure(failure: Failure): string {
  const facts = Object.entries(failure)
    .filter(([name]) => name !== 'code')
    .map(([name, value]) => `${name}=${formatFact(value)}`)
  return [failure.code, ...facts].join(' ')
}

/** The message of anything thrown. */
export function errorMessage(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

function formatFact(value: unknown): string {
  const text =
    typeof value === 'string'
      ? value
      : (JSON.stringify(value, (_, inner: unknown) =>
          typeof inner === 'bigint' ? inner.toString() : inner
        ) as string | undefined)
  return String(text).replace(CONTROL_CHARACTERS, escapeCharacter)
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
