// What a failed request means for the next one to the same peer.
import { RequestError } from '../../reqresp/request-error.ts'

/** Whether asking the same peer for the same again makes sense. */
export type JudgedFailure =
  /** It has it not, cannot be asked for it, or broke the protocol. */
  | { readonly kind: 'final' }
  /** It may pass: a stall, a reset, a server in trouble. */
  | { readonly kind: 'passing' }
  /** It said when it may be asked again; no fault. */
  | { readonly kind: 'wait'; readonly waitMs: number }

/** Anything that is not a failed request is final: a false block, or an answer without any. */
export function judgeFailure(error: unknown): JudgedFailure {
  if (!(error instanceof RequestError)) return { kind: 'final' }
  const { failure } = error
  switch (failure.code) {
    case 'rate-limited':
      return { kind: 'wait', waitMs: failure.retryAfterMs }
    case 'request-deadline-passed':
    case 'stream-reset':
    case 'server-error':
    case 'not-connected':
      return { kind: 'passing' }
    case 'unavailable':
    case 'unsupported-protocol':
    case 'response-malformed':
    case 'invalid-request':
      return { kind: 'final' }
  }
}
