// What can be wrong with a response stream; the codes of README.md, "Failures".
import { ProtocolError } from '../protocol-error.ts'

/** Sizes in bytes, `maxBytes` being the bound that was passed. */
export type FramingFailure =
  | { readonly code: 'result-unknown'; readonly result: number }
  | { readonly code: 'version-invalid'; readonly version: number }
  | { readonly code: 'too-many-chunks'; readonly chunksMax: number }
  | { readonly code: 'chunk-too-large'; readonly sizeBytes: number; readonly maxBytes: number }
  | {
      readonly code: 'decompressed-too-large'
      readonly sizeBytes: number
      readonly maxBytes: number
    }
  | { readonly code: 'snappy-invalid' }
  | { readonly code: 'reason-too-long'; readonly sizeBytes: number; readonly maxBytes: number }
  | { readonly code: 'reason-invalid' }
  | { readonly code: 'retry-invalid'; readonly sizeBytes: number }
  | { readonly code: 'bytes-after-end' }
  | { readonly code: 'stream-truncated'; readonly missingBytes: number }
  | { readonly code: 'parser-closed' }

/** Thrown when a response stream breaks the framing, or a chunk cannot be framed. */
export class FramingError extends ProtocolError<FramingFailure> {}
