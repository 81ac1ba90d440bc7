// The base of every error the project throws: a closed union of failures, each with its facts.

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

/** One line: the code, then each fact as `name=value`. */
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
  if (typeof value === 'string') return value
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'bigint' ? inner.toString() : inner
  )
}
