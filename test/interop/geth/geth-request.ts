// One request to both nodes.

/** A method and its parameters. */
export interface GethRequest {
  readonly method: string
  readonly params: readonly unknown[]
}

/** A request with these parameters. */
export function ask(method: string, ...params: readonly unknown[]): GethRequest {
  return { method, params }
}
