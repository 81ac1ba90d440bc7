// Why a request failed, and what follows for the request and for the peer.
import { NodeError } from '../base/node-error.ts'

/** Waits that have a deadline. */
export type RequestPhase = 'dial' | 'first-byte' | 'chunk' | 'whole'

/** One closed union for asking. */
export type RequestFailure =
  | { readonly code: 'not-connected'; readonly peer: string; readonly reason: string }
  | { readonly code: 'unsupported-protocol'; readonly peer: string; readonly protocol: string }
  | {
      readonly code: 'request-deadline-passed'
      readonly peer: string
      readonly phase: RequestPhase
      readonly afterMs: number
    }
  | { readonly code: 'stream-reset'; readonly peer: string; readonly reason: string }
  | { readonly code: 'response-malformed'; readonly peer: string; readonly reason: string }
  | { readonly code: 'unavailable'; readonly peer: string; readonly reason: string }
  | { readonly code: 'invalid-request'; readonly peer: string; readonly reason: string }
  | { readonly code: 'server-error'; readonly peer: string; readonly reason: string }
  | { readonly code: 'rate-limited'; readonly peer: string; readonly retryAfterMs: number }

/** Thrown by a request, after whatever chunks came before. */
export class RequestError extends NodeError<RequestFailure> {
  /** True when another peer, or the same one later, may succeed; false when the request itself is wrong. */
  get isRetryable(): boolean {
    return this.failure.code !== 'invalid-request'
  }
}
