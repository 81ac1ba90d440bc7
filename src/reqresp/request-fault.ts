// Which fault of the table (peer/blame.ts) a failed request is.
import { FramingError } from '../../protocols/framing/framing-error.ts'
import { type Fault } from '../peer/blame.ts'
import { type RequestError } from './request-error.ts'

const OVER_LIMIT: readonly string[] = [
  'too-many-chunks',
  'chunk-too-large',
  'decompressed-too-large',
  'reason-too-long'
]

/** A failed request. */
export function requestFault({ failure, cause }: RequestError): Fault {
  switch (failure.code) {
    case 'response-malformed':
      if (!(cause instanceof FramingError)) return 'undecodable-chunk'
      // The stream ended inside a chunk: it was cut, which anything on the way can do.
      if (cause.failure.code === 'stream-truncated') return 'reset'
      return OVER_LIMIT.includes(cause.failure.code) ? 'over-limit' : 'undecodable-chunk'
    case 'request-deadline-passed':
      if (failure.phase === 'dial') return 'no-fault'
      return failure.phase === 'whole' ? 'trickle' : 'stall'
    case 'stream-reset':
      return 'reset'
    case 'unavailable':
    case 'rate-limited':
    case 'unsupported-protocol':
      return failure.code
    case 'not-connected':
    case 'invalid-request':
    case 'server-error':
      return 'no-fault'
  }
}
