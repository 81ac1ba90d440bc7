// JSON-RPC errors: the codes we answer with, and one class that carries code, message and data.

/** Codes of JSON-RPC 2.0 (section 5.1), of geth, and our own. */
export const RPC_CODES = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  /** geth's code for everything a transaction or a state read can be refused for. */
  serverError: -32000,
  /** geth's code for work that took longer than a request may. */
  timedOut: -32002,
  /** geth's code for an answer that is larger than one may be. */
  responseTooLarge: -32003,
  /** A request that is well formed and asks for more than we answer. */
  limitExceeded: -32005,
  /** The gate is shut: data says stage, done, left and who is missing. */
  gateShut: -32010,
  /** The caller may not call this method. */
  notAllowed: -32011,
  /** geth's code for blocks that are not kept (EIP-4444). */
  prunedHistory: 4444,
  /** geth's code for a call that reverted; data is what it returned. */
  reverted: 3
} as const

/** Thrown by a method; answered as it is. Anything else thrown is answered as an internal error. */
export class RpcError extends Error {
  readonly code: number
  readonly data: unknown

  constructor(code: number, message: string, data?: unknown) {
    super(message)
    this.name = 'RpcError'
    this.code = code
    this.data = data
  }
}

/** The error for parameters that do not fit; the message names which. */
export function invalidParams(problem: string): RpcError {
  return new RpcError(RPC_CODES.invalidParams, `invalid params: ${problem}`)
}

/** geth's kind of error for what cannot be answered: the message alone says why. */
export function serverError(message: string): RpcError {
  return new RpcError(RPC_CODES.serverError, message)
}
