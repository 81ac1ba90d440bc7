// The base of every error of the wire contract: a closed union of failures, each with its facts.

/** Facts of one failure; `code` names it and is stable. Integers and names only, never remote text. */
export interface ProtocolFailure {
  readonly code: string
}

/** An error that carries its failure as a value. Each protocol derives one class with its own union. */
export class ProtocolError<F extends ProtocolFailure> extends Error {
  readonly failure: F

  constructor(failure: F, options?: { readonly cause?: unknown }) {
    super(describe(failure), options)
    this.name = new.target.name
    this.failure = failure
  }
}

function describe(failure: ProtocolFailure): string {
  const facts = Object.entries(failure)
    .filter(([name]) => name !== 'code')
    .map(([name, value]) => `${name}=${String(value)}`)
  return [failure.code, ...facts].join(' ')
}
